import { Readable } from 'node:stream';
import type { Clock } from '../core/clock.ts';
import { ClientGoneError } from '../loopback/clientGoneError.ts';

/** The agent has begun a body and sends hardly more of it. */
export class SlowBodyError extends Error {
  override readonly name = 'SlowBodyError';

  constructor() {
    super('The request body did not arrive in time.');
  }
}

/** What a body has to come at while it is wanted: so many bytes in so long, or its end. */
export interface BodyPace {
  readonly bytes: number;
  readonly withinMs: number;
}

/**
 * A request's body on its way upstream, read no faster than it is taken. Destroying it leaves the request itself alone,
 * so that its connection can still carry an answer.
 */
export class RequestBody extends Readable {
  readonly #request: Readable;
  readonly #clock: Clock;
  readonly #pace: BodyPace;
  /** What was taken of the body before, until it is on its way. */
  #begin: Buffer | undefined;
  #wanted = false;
  /** Ends the wait for the next part; undefined while nothing is waited for. */
  #cancelTimer: (() => void) | undefined;
  /** What has come of the part that is waited for, in bytes. */
  #came = 0;

  /**
   * @param request whose body has not come whole yet.
   * @param begin what was taken of it before.
   */
  constructor(request: Readable, begin: Buffer | undefined, clock: Clock, pace: BodyPace) {
    super();
    this.#begin = begin;
    this.#request = request;
    this.#clock = clock;
    this.#pace = pace;
    // Who reads this handles its errors; after that they are nobody's.
    this.on('error', () => undefined);
    request.on('readable', this.#pull).on('end', this.#ended).on('close', this.#closed).on('error', this.#closed);
  }

  override _read(): void {
    const begin = this.#begin;
    this.#begin = undefined;
    this.#wanted = begin === undefined || this.push(begin);
    this.#pull();
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.#stopWaiting();
    const request = this.#request;
    request.off('readable', this.#pull).off('end', this.#ended).off('close', this.#closed).off('error', this.#closed);
    // Whatever becomes of the connection is seen at its socket.
    request.on('error', () => undefined);
    callback(error);
  }

  readonly #pull = (): void => {
    while (this.#wanted) {
      const chunk = this.#request.read() as Buffer | null;
      if (chunk === null) break;
      this.#came += chunk.length;
      if (this.#came >= this.#pace.bytes) this.#stopWaiting();
      this.#wanted = this.push(chunk);
    }
    if (!this.#wanted) this.#stopWaiting();
    else {
      this.#cancelTimer ??= this.#clock.after(this.#pace.withinMs, () => {
        this.destroy(new SlowBodyError());
      });
    }
  };

  #stopWaiting(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    this.#came = 0;
  }

  readonly #ended = (): void => {
    this.#stopWaiting();
    this.push(null);
  };

  readonly #closed = (): void => {
    if (!this.#request.readableEnded) this.destroy(new ClientGoneError());
  };
}
