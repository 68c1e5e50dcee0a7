import assert from 'node:assert/strict';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { endsOf, liveToken } from '../fakeAdmission.ts';
import { type GatewayFixture, realKey, startFixture } from '../gatewayFixture.ts';
import { checkHeaders, checkSeen, isForwarded } from './forwardingCheck.ts';
import { fuzzAttempt, type FuzzAttempt } from './fuzzAttempt.ts';
import { makeAttempt, type FuzzOutcome } from './fuzzClient.ts';
import { readStream, type ReadRequest, type ReadStream } from './streamReader.ts';
import { type SeenRequest, startWatchedUpstream, type WatchedUpstream } from './watchedUpstream.ts';

/** What has happened, for people. */
export interface FuzzFigures {
  attempts: number;
  bytes: number;
  /** Attempts that are well-formed requests of a session from the first byte to the last, answered in full. */
  clean: number;
  /** Attempts without a session's token. */
  strangers: number;
  /** Requests that reached the upstream, whole or in part. */
  forwarded: number;
  cut: number;
  /** Answers by status; 0 counts the connections that got none. */
  readonly statuses: Map<number, number>;
}

/** How many attempts of the past may still have a request on its way to the upstream. */
const latestOf = 40;

/**
 * A gateway and an upstream of their own, and clients that come one after the other, so that each request at the
 * upstream is known to be one that a client has sent.
 */
export class FuzzLane {
  readonly #seed: string;
  readonly #upstream: WatchedUpstream;
  readonly #fixture: GatewayFixture;
  readonly figures: FuzzFigures = {
    attempts: 0,
    bytes: 0,
    clean: 0,
    strangers: 0,
    forwarded: 0,
    cut: 0,
    statuses: new Map(),
  };
  /** What the latest clients sent that may be at the upstream, and is not known to be yet. */
  readonly #possible: ReadRequest[][] = [];
  #open: { readonly seen: SeenRequest; readonly read: ReadRequest }[] = [];

  private constructor(seed: string, upstream: WatchedUpstream, fixture: GatewayFixture) {
    this.#seed = seed;
    this.#upstream = upstream;
    this.#fixture = fixture;
  }

  static async start(seed: string): Promise<FuzzLane> {
    const upstream = await startWatchedUpstream();
    return new FuzzLane(seed, upstream, await startFixture(upstream.url));
  }

  /** @throws what an attempt has shown to be wrong, with the attempt. */
  async run(index: number): Promise<void> {
    const { port } = this.#fixture.gateway;
    const attempt = fuzzAttempt(this.#seed, index, port);
    const bytes = Buffer.concat(attempt.pieces);
    const read = readStream(bytes, port);
    try {
      const outcome = await makeAttempt(attempt, port, read.clean ? read.requests.length : undefined);
      this.#judge(attempt, bytes, read, outcome);
    } catch (error) {
      const lines = [
        `Attempt ${index} of seed "${this.#seed}" (${attempt.kind}, ${attempt.ending}):`,
        ...attempt.pieces.map((piece) => JSON.stringify(piece.toString('latin1').slice(0, 1000))),
        this.#fixture.logged.join('\n'),
        String(error),
      ];
      throw new Error(lines.join('\n'), { cause: error });
    }
  }

  async close(): Promise<void> {
    await this.#fixture.close();
    await this.#upstream.close();
    await nextTurn();
  }

  /** Shows that the gateway still serves, and closes it. */
  async finish(): Promise<void> {
    const { gateway, admission, health } = this.#fixture;
    const answer = await fetch(`${gateway.url}/v1/models?n=last`, { headers: { 'x-api-key': liveToken } });
    await answer.text();
    assert.ok(answer.status === 200 || answer.status === 429, String(answer.status));
    await this.close();
    this.#settleOpen();
    assert.deepEqual(this.#open, []);
    assert.ok(admission.reservations.every((reservation) => endsOf(reservation) === 1));
    assert.ok(health.every(({ kind }) => kind === 'reachable'));
  }

  #judge(attempt: FuzzAttempt, bytes: Buffer, read: ReadStream, outcome: FuzzOutcome): void {
    const hasToken = bytes.includes(liveToken);
    this.#count(bytes, read, outcome, hasToken);
    assert.ok(!outcome.hung, 'the connection hangs');
    assert.ok(!outcome.received.includes(realKey), 'the real key is in the answer');
    assert.doesNotMatch(outcome.received, /access-control/i);
    // The upstream is there and gives no such answer itself.
    assert.deepEqual(
      outcome.statuses.filter((status) => status >= 500),
      [],
    );
    assert.ok(!this.#fixture.logged.join('\n').includes(realKey), 'the real key is in the log');
    assert.ok(!this.#fixture.logged.join('\n').includes(liveToken), 'the session’s token is in the log');
    assert.deepEqual(this.#upstream.garbage, []);
    const served = read.requests.filter(({ path }) => path !== undefined);
    if (!hasToken) assert.deepEqual(served, []);
    this.#possible.push([...served]);
    const arrived = this.#takeSeen();
    if (read.clean && attempt.ending === 'stay') {
      assert.deepEqual(outcome.statuses.length, served.length, outcome.received);
      assert.deepEqual(inOrder(arrived), inOrder(served), 'each is served, once');
    }
    if (this.#possible.length > latestOf) this.#possible.shift();
    this.#settleOpen();
    this.#forget();
  }

  /** @returns the requests of the latest client that have reached the upstream whole. */
  #takeSeen(): ReadRequest[] {
    const arrived: ReadRequest[] = [];
    for (const seen of this.#upstream.seen.splice(0)) {
      this.figures.forwarded += 1;
      checkSeen(seen, this.#upstream.url);
      const from = this.#possible.findLast((requests) => requests.some((each) => isForwarded(seen, each)));
      const at = from?.findIndex((each) => isForwarded(seen, each)) ?? -1;
      const read = from?.[at];
      assert.ok(
        from && read,
        `nobody has sent this: ${JSON.stringify({ ...seen, body: seen.body.toString('latin1') })}`,
      );
      checkHeaders(seen, read);
      if (from === this.#possible.at(-1)) arrived.push(read);
      from.splice(at, 1);
      this.#open.push({ seen, read });
    }
    return arrived;
  }

  /** Bodies that were on their way when their request was first looked at. */
  #settleOpen(): void {
    this.#open = this.#open.filter(({ seen, read }) => {
      assert.ok(isForwarded(seen, read), 'the upstream has got another body');
      if (seen.state === 'cut') this.figures.cut += 1;
      return seen.state === 'open';
    });
  }

  #forget(): void {
    const { admission, logged, health } = this.#fixture;
    const open = admission.reservations.filter((reservation) => endsOf(reservation) === 0);
    assert.ok(admission.reservations.every((reservation) => endsOf(reservation) <= 1));
    admission.reservations.splice(0, Infinity, ...open);
    admission.asks.length = 0;
    admission.reports.length = 0;
    logged.length = 0;
    assert.ok(
      health.every(({ kind }) => kind === 'reachable'),
      'the upstream is taken for troubled',
    );
  }

  #count(bytes: Buffer, read: ReadStream, { statuses }: FuzzOutcome, hasToken: boolean): void {
    this.figures.attempts += 1;
    this.figures.bytes += bytes.length;
    if (read.clean) this.figures.clean += 1;
    if (!hasToken) this.figures.strangers += 1;
    for (const status of statuses.length === 0 ? [0] : statuses) {
      this.figures.statuses.set(status, (this.figures.statuses.get(status) ?? 0) + 1);
    }
  }
}

/** Requests that come on one connection go out on several. */
function inOrder(requests: readonly ReadRequest[]): ReadRequest[] {
  return requests.toSorted((a, b) => a.target.localeCompare(b.target));
}
