import type { UsageEntry } from '../core/ledger.ts';
import type { Session } from '../core/session.ts';
import { addUsage } from '../core/usage.ts';

/** A session after one more of its requests. @param entry undefined when it is not known what it used. */
export function bookedSession(session: Session, entry: UsageEntry | undefined, now: number): Session {
  return {
    ...session,
    lastActivityAt: session.state === 'ended' ? session.lastActivityAt : now,
    requests: session.requests + 1,
    ...(entry?.model !== undefined && entry.subagent === undefined && { model: entry.model }),
    usage: entry === undefined ? session.usage : addUsage(session.usage, entry.usage),
  };
}
