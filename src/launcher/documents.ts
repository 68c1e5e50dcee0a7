import type { AuthTestAnswer, CleanUpAnswer, SessionAnswer, StatusAnswer } from '../shared/launcherAnswers.ts';
import { sessionActivity } from '../shared/sessionActivity.ts';

/**
 * What `--json` prints, described in docs/command-line.md. Programs rely on it: within a version, fields are added and
 * none is taken out or gets another meaning.
 */
export const documentVersion = 1;

/** Something that is written out as JSON. */
export type Part = Readonly<Record<string, unknown>>;

/** What went wrong, or what the answer is not what was hoped for. */
export interface DocumentError {
  readonly code: string;
  readonly message: string;
  readonly nextStep: string;
}

/** @param command undefined where it is not known what was asked for. */
export function documentText(command: string | undefined, parts: Part, error?: DocumentError): string {
  const document = {
    version: documentVersion,
    ...(command !== undefined && { command }),
    ok: error === undefined,
    ...(error !== undefined && { error }),
    ...parts,
  };
  return `${JSON.stringify(document, undefined, 2)}\n`;
}

export function statusPart({ at, plan, gatewayUrl, ledger, healthy, ...status }: StatusAnswer): Part {
  const slots = status.limits.find(({ dimension }) => dimension === 'slots');
  return {
    at: time(at),
    engine: { gatewayUrl, ledger },
    plan,
    healthy,
    usedPercentage: status.percentage,
    slots: {
      limit: slots?.limit ?? plan.concurrentAgents,
      used: slots?.used ?? 0,
      ...(slots?.own !== undefined && { own: slots.own }),
    },
    waitingAgents: status.line.length,
    usedToday: status.usedToday,
    problems: status.problems,
  };
}

export function quotaPart({ at, plan, percentage, limits, ...status }: StatusAnswer): Part {
  const { pausedUntil, pausedModels, usedToday } = status;
  return {
    at: time(at),
    plan,
    usedPercentage: percentage,
    limits: limits.map(({ resetsAt, reportedAt, ...limit }) => ({
      ...limit,
      ...(resetsAt !== undefined && { resetsAt: time(resetsAt) }),
      ...(reportedAt !== undefined && { reportedAt: time(reportedAt) }),
    })),
    ...(pausedUntil !== undefined && { pausedUntil: time(pausedUntil) }),
    pausedModels: pausedModels.map(({ models, until }) => ({ models, until: time(until) })),
    usedToday,
  };
}

export function sessionsPart({ at, sessions, line }: StatusAnswer): Part {
  return {
    at: time(at),
    sessions: sessions.map(sessionPart),
    line: line.map(({ waitingSince, ...place }) => ({ ...place, waitingSince: time(waitingSince) })),
  };
}

export function testPart(test: AuthTestAnswer): Part {
  return { test };
}

export function cleanUpPart({ inactivityMs, changed }: CleanUpAnswer): Part {
  const inState = (wanted: SessionAnswer['state']): Part[] =>
    changed.filter(({ state }) => state === wanted).map(sessionPart);
  return { inactivitySeconds: inactivityMs / 1000, ended: inState('ended'), idle: inState('idle') };
}

export function sessionPart(session: SessionAnswer): Part {
  const { createdAt, lastActivityAt, pausedAt, subagents } = session;
  return {
    ...session,
    activity: sessionActivity(session),
    createdAt: time(createdAt),
    lastActivityAt: time(lastActivityAt),
    ...(pausedAt !== undefined && { pausedAt: time(pausedAt) }),
    subagents: subagents.map((subagent) => ({ ...subagent, lastActivityAt: time(subagent.lastActivityAt) })),
  };
}

/** RFC 3339 to the second. */
function time(at: number): string {
  return new Date(at).toISOString().replace(/\.\d+Z$/, 'Z');
}
