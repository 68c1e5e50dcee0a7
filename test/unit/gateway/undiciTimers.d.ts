/** What undici waits by where it waits a second or more. */
declare module 'undici/lib/util/timers.js' {
  const exported: {
    /** For tests: lets so many milliseconds pass at once. */
    tick(ms: number): void;
  };
  export = exported;
}
