import type { Problem } from '../core/credentials.ts';

/**
 * What a request of an observed agent that has failed for good says about Anthropic or the agent's login.
 * @param status of HTTP.
 * @returns undefined when it says nothing of that kind.
 */
export function observedTrouble(status: number): Problem | undefined {
  if (status === 401) {
    return {
      code: 'login-rejected',
      severity: 'error',
      message: "Anthropic rejected an agent's Claude login (401).",
      nextStep: 'Run /login in that agent.',
    };
  }
  if (status === 529 || status === 503) {
    return {
      code: 'upstream-overloaded',
      severity: 'warning',
      message: `Anthropic is overloaded (${status}).`,
      nextStep: 'Nothing is wrong here: agents try again by themselves. See status.claude.com if it lasts.',
    };
  }
  return undefined;
}
