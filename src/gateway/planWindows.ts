import { type PlanWindow } from '../core/planWindow.ts';

const names: Readonly<Record<string, PlanWindow['name']>> = { '5h': 'fiveHour', '7d': 'sevenDay' };
const windowHeader = /^anthropic-ratelimit-unified-(5h|7d)-(utilization|reset|status)$/;
/** No window is longer than a week: a later reset is not what it is taken for (milliseconds in place of seconds, say). */
const longestWindowMs = 30 * 24 * 3600_000;

/**
 * Reads a subscription's usage windows. One whose utilization or reset cannot be understood is left out. Source:
 * answers to subscription logins, as Claude Code 2.1.330 reads them; they are not in the API documentation.
 * @param headers names in lower case, and values.
 * @param now milliseconds since the epoch.
 */
export function readPlanWindows(headers: Iterable<readonly [name: string, value: string]>, now: number): PlanWindow[] {
  const found = new Map<string, Map<string, string>>();
  for (const [header, value] of headers) {
    const [, name, part] = windowHeader.exec(header) ?? [];
    if (name === undefined || part === undefined) continue;
    const parts = found.get(name) ?? new Map<string, string>();
    if (!parts.has(part)) parts.set(part, value.trim());
    found.set(name, parts);
  }
  return Array.from(found, ([name, parts]) => planWindow(names[name], parts, now)).filter(
    (window) => window !== undefined,
  );
}

function planWindow(
  name: PlanWindow['name'] | undefined,
  parts: ReadonlyMap<string, string>,
  now: number,
): PlanWindow | undefined {
  const utilization = readDecimal(parts.get('utilization'));
  const resetsAt = readDecimal(parts.get('reset')) * 1000;
  if (name === undefined || Number.isNaN(utilization) || !(resetsAt > 0 && resetsAt <= now + longestWindowMs)) {
    return undefined;
  }
  return { name, utilization, resetsAt, rejected: parts.get('status') === 'rejected', reportedAt: now };
}

function readDecimal(text: string | undefined): number {
  return text !== undefined && /^\d{1,15}(?:\.\d{1,15})?$/.test(text) ? Number(text) : Number.NaN;
}
