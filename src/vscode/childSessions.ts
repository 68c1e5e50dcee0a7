/** What places a session under the one whose agent started it. */
export interface PlacedSession {
  readonly sessionId: string;
  readonly parentSessionId?: string;
}

/**
 * The sessions under each, by its id, and under `''` those whose parent is none or not live any more.
 * @param sessions in the order in which they are to be listed.
 */
export function childSessions<S extends PlacedSession>(sessions: readonly S[]): ReadonlyMap<string, readonly S[]> {
  const parents = new Map(sessions.map(({ sessionId, parentSessionId }) => [sessionId, parentSessionId]));
  const children = new Map<string, S[]>();
  for (const session of sessions) {
    const parent = parentOf(session, parents);
    const known = children.get(parent);
    if (known === undefined) children.set(parent, [session]);
    else known.push(session);
  }
  return children;
}

/** A ledger says who started whom; one that says they started each other must not hide them all. */
function parentOf(
  { sessionId, parentSessionId }: PlacedSession,
  parents: ReadonlyMap<string, string | undefined>,
): string {
  if (parentSessionId === undefined || !parents.has(parentSessionId)) return '';
  const seen = new Set([sessionId]);
  for (let above: string | undefined = parentSessionId; above !== undefined; above = parents.get(above)) {
    if (seen.has(above)) return '';
    seen.add(above);
  }
  return parentSessionId;
}
