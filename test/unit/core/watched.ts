/** A promise whose state can be asked for. */
export interface Watched<T> {
  readonly promise: Promise<T>;
  state: 'pending' | 'resolved' | 'rejected';
  readonly error: unknown;
}

/** Watches a promise, so that its failure is not unhandled either. */
export function watched<T>(promise: Promise<T>): Watched<T> {
  const watch: Watched<T> & { error: unknown } = { promise, state: 'pending', error: undefined };
  promise.then(
    () => {
      watch.state = 'resolved';
    },
    (error: unknown) => {
      watch.state = 'rejected';
      watch.error = error;
    },
  );
  return watch;
}
