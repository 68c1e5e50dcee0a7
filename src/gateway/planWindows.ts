import type { PlanWindow } from '../core/planWindow.ts';

type Part = 'utilization' | 'reset' | 'status';

const names = { '5h': 'fiveHour', '7d': 'sevenDay' } as const satisfies Readonly<Record<string, PlanWindow['name']>>;
const parts: readonly Part[] = ['utilization', 'reset', 'status'];

/** By the whole name of the header. */
const windowParts: ReadonlyMap<string, { readonly name: PlanWindow['name']; readonly part: Part }> = new Map(
  Object.entries(names).flatMap(([short, name]) =>
    parts.map((part) => [`anthropic-ratelimit-unified-${short}-${part}`, { name, part }] as const),
  ),
);
/** No window is longer than a week: a later reset is not what it is taken for (milliseconds in place of seconds, say). */
const longestWindowMs = 30 * 24 * 3600_000;

/**
 * Reads a subscription's usage windows. One whose utilization or reset cannot be understood is left out. Source:
 * answers to subscription logins, as Claude Code 2.1.330 reads them; they are not in the API documentation.
 * @param headers names in lower case, and values.
 * @param now milliseconds since the epoch.
 */
export function readPlanWindows(headers: Iterable<readonly [name: string, value: string]>, now: number): PlanWindow[] {
  const found: Partial<Record<PlanWindow['name'], Partial<Record<Part, string>>>> = {};
  for (const [header, value] of headers) {
    const known = windowParts.get(header);
    if (known !== undefined) (found[known.name] ??= {})[known.part] ??= value.trim();
  }
  return Object.values(names)
    .map((name) => planWindow(name, found[name] ?? {}, now))
    .filter((window) => window !== undefined);
}

function planWindow(
  name: PlanWindow['name'],
  { utilization: used, reset, status }: Partial<Record<Part, string>>,
  now: number,
): PlanWindow | undefined {
  const utilization = readDecimal(used);
  const resetsAt = readDecimal(reset) * 1000;
  if (Number.isNaN(utilization) || !(resetsAt > 0 && resetsAt <= now + longestWindowMs)) return undefined;
  return { name, utilization, resetsAt, rejected: status === 'rejected', reportedAt: now };
}

function readDecimal(text: string | undefined): number {
  return text !== undefined && /^\d{1,15}(?:\.\d{1,15})?$/.test(text) ? Number(text) : Number.NaN;
}
