/** What places a subagent under the one that started it. */
export interface PlacedSubagent {
  readonly subagentId: string;
  readonly parentId?: string | undefined;
}

/**
 * The subagents that each of them, or the session's own agent (undefined), has started.
 * @param subagents all of a session's, in the order in which they began.
 */
export function subagentsByParent<S extends PlacedSubagent>(
  subagents: readonly S[],
): ReadonlyMap<string | undefined, readonly S[]> {
  const started = new Map<string | undefined, S[]>();
  // A parent is one that is known and began before, or they could be each other's.
  const before = new Set<string>();
  for (const subagent of subagents) {
    const { subagentId, parentId } = subagent;
    const parent = parentId !== undefined && before.has(parentId) ? parentId : undefined;
    before.add(subagentId);
    const siblings = started.get(parent);
    if (siblings === undefined) started.set(parent, [subagent]);
    else siblings.push(subagent);
  }
  return started;
}
