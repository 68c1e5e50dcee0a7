import * as z from 'zod';
import { taskTypes } from '../contributions.ts';
import type { Problem } from '../core/credentials.ts';
import { agentIdSchema } from '../shared/launcherMessages.ts';

/** A week: who wants to wait without end says `true`. */
const longestWaitSeconds = 604_800;

const schema = z.object({
  type: z.literal(taskTypes.claudeAgent),
  agent: agentIdSchema,
  command: z.string().min(1).default('claude'),
  args: z.array(z.string()).default([]),
  cwd: z.string().min(1).optional(),
  wait: z.union([z.boolean(), z.number().min(0).max(longestWaitSeconds)]).default(true),
});

/** A task of type `claude-agent` as tasks.json holds it, with its defaults. */
export type AgentTaskDefinition = z.infer<typeof schema>;

/** What must be right about each property, for a sentence that starts with "Give it". */
const wanted: Readonly<Record<string, string>> = {
  agent: 'an "agent" of 1 to 64 letters, digits or . _ : @ / -',
  command: 'a "command" that is the name or path of a program',
  args: '"args" that are a list of texts',
  cwd: 'a "cwd" that is the path of a folder',
  wait: 'a "wait" that is true, false or a number of seconds up to 604800',
};

/** @param name the task's name, for the problem. */
export function readAgentTaskDefinition(
  raw: unknown,
  name: string,
): { definition: AgentTaskDefinition } | { problem: Problem } {
  const checked = schema.safeParse(raw);
  if (checked.success) return { definition: checked.data };
  const property = String(checked.error.issues[0]?.path[0] ?? 'agent');
  return {
    problem: {
      code: 'bad-task',
      severity: 'error',
      message: `The task "${name}" cannot run: its "${property}" is missing or wrong.`,
      nextStep: `Give it ${wanted[property] ?? wanted['agent'] ?? ''} in tasks.json.`,
    },
  };
}

/** The launcher's arguments for a task. */
export function launcherArguments(definition: AgentTaskDefinition, isBackground: boolean): string[] {
  const { agent, command, args, wait } = definition;
  // With "=", because an agent's name may start with a dash.
  const waiting = wait === true ? [] : [`--wait=${wait === false ? 0 : wait}`];
  return ['run', `--agent=${agent}`, ...waiting, isBackground ? '--background' : '--task', '--', command, ...args];
}
