import * as z from 'zod';
import { settings as ids } from '../contributions.ts';
import type { Problem } from '../core/credentials.ts';
import type { PriceRule } from '../core/priceRules.ts';
import { shownValue } from './shownValue.ts';

const dollars = z.number().min(0).max(1_000_000);
const prices: z.ZodType<Omit<PriceRule, 'pattern'>> = z.strictObject({
  input: dollars,
  output: dollars,
  cacheWrite5m: dollars.exactOptional(),
  cacheWrite1h: dollars.exactOptional(),
  cacheRead: dollars.exactOptional(),
});

const example = '{ "claude-opus-5*": { "input": 5, "output": 25 } }';

/**
 * Checks what the user says that models cost. Each bad entry is left out and reported.
 * @param value the setting's raw value; undefined when it is not set.
 */
export function readPriceRules(value: unknown): { rules: PriceRule[]; problems: Problem[] } {
  if (value === undefined) return { rules: [], problems: [] };
  const entries = z.record(z.string().min(1), z.unknown()).safeParse(value);
  if (!entries.success) return { rules: [], problems: [problem(`is ${shownValue(value)}, so list prices hold`)] };
  const rules: PriceRule[] = [];
  const problems: Problem[] = [];
  for (const [pattern, raw] of Object.entries(entries.data)) {
    const checked = prices.safeParse(raw);
    if (checked.success) rules.push({ pattern, ...checked.data });
    else problems.push(problem(`has ${shownValue(raw)} for "${pattern}", so this entry is left out`));
  }
  return { rules, problems };
}

function problem(what: string): Problem {
  return {
    code: `bad-setting:${ids.prices}`,
    severity: 'warning',
    message: `The setting ${ids.prices} ${what}.`,
    nextStep: `Give an object such as ${example}, in US dollars for a million tokens, in the user settings.`,
  };
}
