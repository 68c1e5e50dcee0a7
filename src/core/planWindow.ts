/** A subscription's usage window as Anthropic reports it. */
export interface PlanWindow {
  readonly name: 'fiveHour' | 'sevenDay';
  /** 0 to 1 of what the window allows; may be above. */
  readonly utilization: number;
  /** When it starts anew, in milliseconds since the epoch. */
  readonly resetsAt: number;
  /** Anthropic has refused a request for it. */
  readonly rejected: boolean;
  /** When it was reported, in milliseconds since the epoch. */
  readonly reportedAt: number;
}

/** The windows that have not started anew since they were reported. */
export function currentWindows(windows: readonly PlanWindow[], now: number): readonly PlanWindow[] {
  return windows.filter(({ resetsAt }) => resetsAt > now);
}

/** When all used-up windows have started anew; undefined when none is used up. */
export function windowsClosedUntil(windows: readonly PlanWindow[], now: number): number | undefined {
  const closed = currentWindows(windows, now).filter(({ utilization, rejected }) => rejected || utilization >= 1);
  return closed.length === 0 ? undefined : Math.max(...closed.map(({ resetsAt }) => resetsAt));
}

/** Known windows with newly reported ones in their place. */
export function withReported(known: readonly PlanWindow[], reported: readonly PlanWindow[]): readonly PlanWindow[] {
  const names = new Set(reported.map(({ name }) => name));
  return [...known.filter(({ name }) => !names.has(name)), ...reported];
}
