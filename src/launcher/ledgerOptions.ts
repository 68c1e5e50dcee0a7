import { parseArgs } from 'node:util';
import { optionsProblem } from './optionsProblem.ts';
import { type LedgerWish, type LimitOption, limitOptions, type SetDimension } from '../shared/ledgerWish.ts';

/** What is wanted of the shared ledger, or what is wrong with the words. */
export type LedgerCommandLine =
  | { readonly kind: 'ledger'; readonly wish: LedgerWish; readonly json: boolean }
  | { readonly kind: 'misuse'; readonly problem: string; readonly nextStep: string };

const seeHelp = 'See agent-quota ledger --help.';
const text = { type: 'string' } as const;
const options = {
  json: { type: 'boolean' },
  members: text,
  scope: text,
  role: text,
  'lease-seconds': text,
  ...(Object.fromEntries(Object.keys(limitOptions).map((name) => [name, text])) as Record<LimitOption, typeof text>),
} as const;
type Values = Partial<Record<Exclude<keyof typeof options, 'json'>, string>> & { json?: boolean };

/** Which options each action has, besides `--json`. */
const known: Readonly<Record<LedgerWish['action'], readonly string[]>> = {
  init: ['members'],
  check: [],
  limits: ['scope', 'role', 'lease-seconds', ...Object.keys(limitOptions)],
};

/** Reads what stands behind `agent-quota ledger`. */
export function ledgerWishOf(args: readonly string[]): LedgerCommandLine {
  let values: Values;
  let positionals: string[];
  try {
    ({ values, positionals } = parseArgs({ args: [...args], allowPositionals: true, options }));
  } catch (error) {
    return misuse(optionsProblem(error));
  }
  const [action, planId, extra] = positionals;
  if (action === undefined) return misuse('What shall be done with the shared ledger?', 'Say init, check or limits.');
  if (action !== 'init' && action !== 'check' && action !== 'limits') {
    return misuse(`There is no "ledger ${action}".`, 'Say init, check or limits.');
  }
  const tooMany = action === 'limits' ? extra : planId;
  if (tooMany !== undefined) return misuse(`"${tooMany}" is one too many for ledger ${action}.`);
  const other = Object.keys(values).find((name) => name !== 'json' && !known[action].includes(name));
  if (other !== undefined) return misuse(`ledger ${action} has no --${other}.`);
  const wish = wishOf(action, planId, values);
  return 'kind' in wish ? wish : { kind: 'ledger', wish, json: values.json === true };
}

function wishOf(action: LedgerWish['action'], planId: string | undefined, values: Values): LedgerWish | Misuse {
  if (action === 'check') return { action };
  if (action === 'init') return { action, members: values.members };
  const set: Partial<Record<SetDimension, number | null>> = {};
  for (const [option, dimension] of Object.entries(limitOptions) as [LimitOption, SetDimension][]) {
    const given = values[option];
    if (given === undefined) continue;
    const amount = given === 'none' ? null : wholeNumber(given);
    if (amount === undefined)
      return misuse(`--${option} ${given} is no limit.`, 'Give a whole number from 1, or none.');
    set[dimension] = amount;
  }
  const { scope, role } = values;
  if (scope !== undefined && !/^(model|agent)\/./.test(scope)) {
    return misuse(`--scope ${scope} is no part of a plan.`, 'Say model/GROUP or agent/NAME.');
  }
  const isForPlan = Object.keys(set).length > 0 || scope !== undefined || role !== undefined;
  if (isForPlan && planId === undefined) return misuse('Which plan?', 'agent-quota ledger limits lists them.');
  const seconds = values['lease-seconds'];
  const leaseSeconds = seconds === undefined ? undefined : wholeNumber(seconds);
  if (seconds !== undefined && (leaseSeconds === undefined || leaseSeconds > 600)) {
    return misuse(`--lease-seconds ${seconds} is no time for a lease.`, 'Give 1 to 600 seconds.');
  }
  return { action, planId, set, scope, role, leaseSeconds };
}

type Misuse = LedgerCommandLine & { readonly kind: 'misuse' };

function misuse(problem: string, nextStep = seeHelp): Misuse {
  return { kind: 'misuse', problem, nextStep };
}

function wholeNumber(given: string): number | undefined {
  return /^[1-9]\d{0,11}$/.test(given) ? Number(given) : undefined;
}
