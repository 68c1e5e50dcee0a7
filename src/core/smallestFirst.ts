/**
 * Yields the items from the smallest on. What is not asked for is not sorted: the first of n items costs n comparisons,
 * each further one log n. (A binary heap.)
 * @param isBefore a strict order.
 */
export function* smallestFirst<T>(items: Iterable<T>, isBefore: (a: T, b: T) => boolean): Generator<T, void> {
  const heap = [...items];
  for (let index = (heap.length >> 1) - 1; index >= 0; index -= 1) sink(heap, index, isBefore);
  for (let first = heap[0]; first !== undefined; first = heap[0]) {
    yield first;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    heap[0] = last;
    sink(heap, 0, isBefore);
  }
}

/** Moves an item down until neither of the two below it comes before it. */
function sink<T>(heap: T[], start: number, isBefore: (a: T, b: T) => boolean): void {
  const item = heap[start];
  if (item === undefined) return;
  let index = start;
  for (;;) {
    let below = index * 2 + 1;
    let child = heap[below];
    const right = heap[below + 1];
    if (child !== undefined && right !== undefined && isBefore(right, child)) {
      below += 1;
      child = right;
    }
    if (child === undefined || !isBefore(child, item)) break;
    heap[index] = child;
    index = below;
  }
  heap[index] = item;
}
