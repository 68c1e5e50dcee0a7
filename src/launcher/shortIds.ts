const usualLength = 8;

/** The shortest beginning of each id, of eight characters at least, that tells it from all the others. */
export function shortIds(ids: readonly string[]): ReadonlyMap<string, string> {
  // In order, an id shares most with one of its neighbours.
  const sorted = [...new Set(ids)].sort();
  return new Map(
    sorted.map((id, index) => {
      const shared = Math.max(sharedLength(id, sorted[index - 1]), sharedLength(id, sorted[index + 1]));
      return [id, id.slice(0, Math.max(usualLength, shared + 1))];
    }),
  );
}

function sharedLength(a: string, b = ''): number {
  let length = 0;
  while (length < Math.min(a.length, b.length) && a[length] === b[length]) length += 1;
  return length;
}
