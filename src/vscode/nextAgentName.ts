/** The lowest of agent-1, agent-2, … that is not taken. */
export function nextAgentName(taken: ReadonlySet<string>): string {
  let number = 1;
  while (taken.has(`agent-${number}`)) number += 1;
  return `agent-${number}`;
}
