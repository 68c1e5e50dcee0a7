import type { EngineSnapshot, ShownSession } from '../core/quotaEngine.ts';
import type { RowSurroundings } from './sessionRow.ts';

/** What a session's row says beside what the session itself knows, the same in the tree and on the dashboard. */
export function rowSurroundings(
  { mode, planId }: ShownSession,
  snapshot: Pick<EngineSnapshot, 'planId' | 'health'>,
): RowSurroundings {
  const otherAccount = mode !== 'unauthenticated' && planId !== snapshot.planId;
  return { otherAccount, fails: !snapshot.health.healthy && !otherAccount && mode === 'routed' };
}
