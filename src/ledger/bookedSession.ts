import { isOfBatch } from '../core/batchUsage.ts';
import type { UsageEntry } from '../core/ledger.ts';
import type { Session } from '../core/session.ts';
import { addUsage } from '../core/usage.ts';

/** A session after one more of its requests. @param entry undefined when it is not known what it used. */
export function bookedSession(session: Session, entry: UsageEntry | undefined, now: number): Session {
  // The model that a session works with is that of its own requests.
  const model = entry?.subagent === undefined ? entry?.model : undefined;
  return {
    ...session,
    lastActivityAt: session.state === 'ended' ? session.lastActivityAt : now,
    requests: session.requests + 1,
    ...(model !== undefined && !isOfBatch(model) && { model }),
    usage: entry === undefined ? session.usage : addUsage(session.usage, entry.usage),
  };
}
