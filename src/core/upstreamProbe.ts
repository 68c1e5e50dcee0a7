import type { Clock } from './clock.ts';
import type { CurrentUpstream } from './currentUpstream.ts';

/** How long to wait before looking again, by how often it was looked already; the last one from then on. */
const delaysMs = [5000, 10_000, 20_000, 40_000, 60_000] as const;
/**
 * The least where the upstream answers, but with failures: the test may be answered while messages are not, so that
 * only a while without failures says that it is over.
 */
const failingMs = 60_000;

/**
 * Notices that the upstream is well again while no agent asks it anything. It looks only while something is wrong that
 * may end by itself, less and less often, and not while agents' own requests tell.
 */
export class UpstreamProbe {
  readonly #clock: Clock;
  readonly #upstream: CurrentUpstream;
  readonly #test: () => Promise<unknown>;
  readonly #stopListening: () => void;
  #looks = 0;
  #isLooking = false;
  #cancel: (() => void) | undefined;

  /** @param test one call that costs no tokens, and tells `upstream` how it went. */
  constructor(clock: Clock, upstream: CurrentUpstream, test: () => Promise<unknown>) {
    this.#clock = clock;
    this.#upstream = upstream;
    this.#test = test;
    this.#stopListening = upstream.onTrouble(() => {
      this.#follow();
    });
  }

  /** Something has changed that may have ended the trouble: looks now, if there is any. */
  soon(): void {
    if (this.#cancel === undefined) return;
    this.#looks = 0;
    this.#stop();
    void this.#look();
  }

  dispose(): void {
    this.#stopListening();
    this.#stop();
  }

  /** Each failure that a request meets begins the wait anew. */
  #follow(): void {
    if (this.#isLooking) return;
    this.#stop();
    const transient = this.#upstream.problem?.transient;
    if (transient === undefined) {
      this.#looks = 0;
      return;
    }
    const delayMs = delaysMs[Math.min(this.#looks, delaysMs.length - 1)] ?? failingMs;
    this.#cancel = this.#clock.after(transient === 'failing' ? Math.max(delayMs, failingMs) : delayMs, () => {
      this.#cancel = undefined;
      void this.#look();
    });
  }

  async #look(): Promise<void> {
    this.#isLooking = true;
    this.#looks += 1;
    // What fails here is the same trouble, or tells of itself.
    await this.#test().catch(() => undefined);
    this.#isLooking = false;
    this.#follow();
  }

  #stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }
}
