import * as z from 'zod';
import { settings as ids } from '../contributions.ts';
import type { AgentLimits, AgentRule } from '../core/agentRules.ts';
import type { Problem } from '../core/credentials.ts';
import { shownValue } from './shownValue.ts';

const atLeastOne = z.int().min(1).exactOptional();
const agentLimitFields = {
  requestsPerMinute: atLeastOne,
  tokensPerMinute: atLeastOne,
  tokensPerDay: atLeastOne,
  concurrentSessions: atLeastOne,
  weight: z.number().min(0.01).max(100).exactOptional(),
  concurrentSubagents: atLeastOne,
  subagents: atLeastOne,
};
const agentLimits: z.ZodType<AgentLimits> = z.strictObject(agentLimitFields);

const longestPattern = 64;
const example = '{ "batch-*": { "tokensPerMinute": 20000 } }';

/**
 * Checks what single agents may use. Each bad entry is left out and reported, so that one slip does not lift the limits
 * of all other agents.
 * @param value the setting's raw value; undefined when it is not set.
 */
export function readAgentRules(value: unknown): { rules: AgentRule[]; problems: Problem[] } {
  if (value === undefined) return { rules: [], problems: [] };
  const entries = z.record(z.string(), z.unknown()).safeParse(value);
  if (!entries.success) {
    const message = `The setting ${ids.agents} is ${shownValue(value)}, so no single agent is limited.`;
    return { rules: [], problems: [problem(message, `Give an object such as ${example} in the user settings.`)] };
  }
  const rules: AgentRule[] = [];
  const problems: Problem[] = [];
  for (const [pattern, raw] of Object.entries(entries.data)) {
    const limits = agentLimits.safeParse(raw);
    if (pattern.length === 0 || pattern.length > longestPattern) {
      const message = `The setting ${ids.agents} has the name ${shownValue(pattern)}, which is left out.`;
      problems.push(problem(message, `Give a name of 1 to ${longestPattern} characters, * and ? among them.`));
    } else if (limits.success) {
      rules.push({ pattern, limits: limits.data });
    } else {
      problems.push(badLimits(pattern, raw, limits.error));
    }
  }
  return { rules, problems };
}

function badLimits(pattern: string, raw: unknown, error: z.ZodError): Problem {
  const [issue] = error.issues;
  const name = issue?.path[0] ?? (issue?.code === 'unrecognized_keys' ? issue.keys[0] : undefined);
  const entry = z.record(z.string(), z.unknown()).safeParse(raw).data;
  const found = name === undefined ? shownValue(raw) : `${String(name)} ${shownValue(entry?.[String(name)])}`;
  return problem(
    `The setting ${ids.agents} has ${found} for "${pattern}", so this entry is left out.`,
    `Give ${wanted(name, issue?.code === 'unrecognized_keys')} in the user settings.`,
  );
}

function wanted(name: PropertyKey | undefined, unknown: boolean): string {
  if (name === undefined) return `an object, as in ${example},`;
  if (unknown)
    return `only ${Object.keys(agentLimitFields).slice(0, -1).join(', ')} and ${Object.keys(agentLimitFields).at(-1) ?? ''}`;
  return name === 'weight' ? 'a weight from 0.01 to 100' : `a whole number of at least 1 for ${String(name)}`;
}

function problem(message: string, nextStep: string): Problem {
  return { code: `bad-setting:${ids.agents}`, severity: 'warning', message, nextStep };
}
