import assert from 'node:assert/strict';
import type { ImportOptions } from '../../../src/transcripts/importTranscripts.ts';
import type { TranscriptHistory } from '../../../src/transcripts/transcriptHistory.ts';
import type { UsagePart, UsageQuestion } from '../../../src/transcripts/transcriptUsage.ts';
import { UsageElsewhere, type UsageElsewhereParts } from '../../../src/transcripts/usageElsewhere.ts';
import { FakeClock } from '../../fakes/fakeClock.ts';
import { createMemoryLogger } from '../control/memoryLogger.ts';
import { tokens } from '../ledger/ledgerTester.ts';

const start = new Date(2026, 0, 15).getTime();

function part(changes: Partial<UsagePart> = {}): UsagePart {
  const whose = {
    day: '2026-01-15',
    at: undefined,
    project: 'shop',
    projectPath: 'shop',
    sessionId: 's',
    model: 'opus',
  };
  const kind = { isFast: false, isLong: false };
  return { ...whose, ...kind, requests: 1, usage: tokens(5), costUsd: undefined, ...changes };
}

/** A thread that reads when it is told to. */
class FakeThread implements Pick<TranscriptHistory, 'update' | 'usage' | 'close'> {
  readonly questions: UsageQuestion[] = [];
  updates: ((done: boolean) => void)[] = [];
  parts: UsagePart[] = [part()];
  progress: ImportOptions['progress'];
  /** Ends the newest update with an error. */
  breaks: ((error: Error) => void) | undefined;
  closed = 0;
  answerMs = 0;
  /** What questions are answered with instead. */
  fails: Error | undefined;
  readonly clock: FakeClock;

  constructor(clock: FakeClock) {
    this.clock = clock;
  }

  async update({
    progress,
    signal,
  }: Parameters<TranscriptHistory['update']>[0]): ReturnType<TranscriptHistory['update']> {
    this.progress = progress;
    const { promise, resolve, reject } = Promise.withResolvers<boolean>();
    this.breaks = reject;
    this.updates.push(resolve);
    signal?.addEventListener('abort', () => {
      resolve(false);
    });
    return (await promise) ? { files: 3, read: 1, gone: 0, unreadable: 1 } : undefined;
  }

  async usage(question: UsageQuestion = {}): Promise<UsagePart[]> {
    this.questions.push(question);
    await this.clock.advance(this.answerMs);
    if (this.fails !== undefined) throw this.fails;
    return this.parts;
  }

  close(): Promise<void> {
    this.closed += 1;
    return Promise.resolve();
  }
}

class ElsewhereTester {
  readonly clock = new FakeClock(start + 12 * 3_600_000);
  readonly thread = new FakeThread(this.clock);
  readonly logger = createMemoryLogger();
  readonly told: [number | undefined, boolean][] = [];
  readonly elsewhere: UsageElsewhere;

  constructor(changes: Partial<UsageElsewhereParts> = {}) {
    this.elsewhere = new UsageElsewhere({
      isNew: () => true,
      open: () => this.thread,
      configDirectories: () => ['/home/user/.claude'],
      booked: { kind: 'ids', ids: new Set() },
      progress: (share, first) => this.told.push([share, first]),
      clock: this.clock,
      logger: this.logger,
      ...changes,
    });
  }

  async read(): Promise<void> {
    this.thread.updates.at(-1)?.(true);
    await this.clock.advance(0);
  }
}

/** One that is given another thread each time. */
function withThreads(): { readonly tester: ElsewhereTester; readonly threads: FakeThread[] } {
  const threads: FakeThread[] = [];
  const open = (): FakeThread => {
    const thread = new FakeThread(tester.clock);
    threads.push(thread);
    return thread;
  };
  const tester: ElsewhereTester = new ElsewhereTester({ open });
  return { tester, threads };
}

describe('usage elsewhere', () => {
  it('is not read unless the user lets it, and no longer', async () => {
    const tester = new ElsewhereTester();
    assert.deepEqual(await tester.elsewhere.sums(start), []);
    assert.deepEqual([tester.elsewhere.state, tester.thread.updates.length], [{ kind: 'off' }, 0]);
    await tester.elsewhere.allow(true);
    await tester.read();
    assert.equal((await tester.elsewhere.sums(start)).length, 1);
    await tester.elsewhere.allow(false);
    assert.deepEqual([tester.thread.closed, await tester.elsewhere.sums(start)], [1, []]);
    await tester.elsewhere.close();
  });

  it('is read at once when it is allowed again, also while the reading before comes to its end', async () => {
    const tester = new ElsewhereTester();
    await tester.elsewhere.allow(true);
    await tester.read();
    await tester.elsewhere.allow(false);
    await tester.elsewhere.allow(true);
    assert.equal(tester.thread.updates.length, 2);
    const [off, on] = [tester.elsewhere.allow(false), tester.elsewhere.allow(true)];
    await tester.read();
    await Promise.all([off, on]);
    assert.deepEqual([tester.thread.updates.length, tester.elsewhere.state.kind], [3, 'reading']);
    await tester.elsewhere.close();
  });

  it('is what the ledger has not booked, of local days or steps', async () => {
    const tester = new ElsewhereTester();
    await tester.elsewhere.allow(true);
    await tester.read();
    const [sum, ...others] = await tester.elsewhere.sums(start);
    assert.deepEqual([sum?.at, sum?.usage, others], [start, tokens(5), []]);
    tester.thread.parts = [part({ at: start + 60_000 }), part({ at: start - 60_000 })];
    const stepped = await tester.elsewhere.sums(start, 60_000);
    assert.equal(stepped.length, 2, 'as the thread says');
    assert.deepEqual(tester.thread.questions.at(-1)?.stepMs, 60_000);
    assert.deepEqual(tester.elsewhere.state, { kind: 'read', at: tester.clock.now(), files: 3, unreadableFiles: 1 });
    await tester.elsewhere.close();
  });

  it('does not keep an answer waiting for files, and says that not all is read', async () => {
    const tester = new ElsewhereTester();
    await tester.elsewhere.allow(true);
    tester.thread.progress?.({ files: 4, filesRead: 1, bytes: 100, bytesRead: 25 });
    const answer = tester.elsewhere.sums(start);
    await tester.clock.advance(600);
    assert.deepEqual(await answer, []);
    assert.deepEqual(tester.elsewhere.state, { kind: 'reading', share: 0.25 });
    await tester.read();
    assert.deepEqual(tester.told, [
      [0.25, true],
      [undefined, true],
    ]);
    assert.equal((await tester.elsewhere.sums(start)).length, 1);
    await tester.elsewhere.close();
  });

  it('is given up when the user wants, and gone on with later', async () => {
    const tester = new ElsewhereTester();
    const quarter = { files: 4, filesRead: 1, bytes: 100, bytesRead: 25 };
    await tester.elsewhere.allow(true);
    tester.thread.progress?.(quarter);
    tester.elsewhere.giveUp();
    await tester.clock.advance(0);
    assert.equal(tester.elsewhere.state.kind, 'reading');
    await tester.clock.advance(10_000);
    const answer = tester.elsewhere.sums(start);
    assert.equal(tester.thread.updates.length, 2);
    tester.thread.progress?.(quarter);
    await tester.read();
    assert.equal((await answer).length, 1);
    const firsts = tester.told.filter(([, first]) => first);
    assert.deepEqual(
      firsts,
      [
        [0.25, true],
        [undefined, true],
      ],
      'who has given it up is not told of it again',
    );
    await tester.elsewhere.close();
  });

  it('takes a twentieth of the time at most', async () => {
    const tester = new ElsewhereTester();
    tester.thread.answerMs = 1000;
    await tester.elsewhere.allow(true);
    await tester.read();
    await tester.elsewhere.sums(start);
    await tester.clock.advance(4000);
    assert.equal((await tester.elsewhere.sums(start + 1)).length, 0, 'what is asked for is within what was');
    assert.equal(tester.thread.questions.length, 1);
    await tester.clock.advance(20_000);
    const again = tester.elsewhere.sums(start);
    await tester.read();
    await again;
    assert.equal(tester.thread.questions.length, 2);
    await tester.elsewhere.close();
  });

  it('is no longer told of when it breaks off', async () => {
    const tester = new ElsewhereTester();
    await tester.elsewhere.allow(true);
    tester.thread.progress?.({ files: 4, filesRead: 1, bytes: 100, bytesRead: 25 });
    tester.thread.breaks?.(new Error('disk full'));
    await tester.clock.advance(0);
    assert.deepEqual(tester.elsewhere.state, { kind: 'failed', reason: 'disk full' });
    assert.deepEqual(tester.told.at(-1), [undefined, true]);
    await tester.elsewhere.close();
  });

  it('is read in another thread after one has failed, less often each time', async () => {
    const { tester, threads } = withThreads();
    const { elsewhere, clock } = tester;
    const looks: number[] = [];
    await elsewhere.allow(true);
    for (let second = 0; second < 80; second += 1) {
      const opened = threads.length;
      const answer = elsewhere.sums(start);
      threads.at(-1)?.breaks?.(new Error('It has ended.'));
      await answer;
      if (threads.length > opened) looks.push(second);
      await clock.advance(1000);
    }
    assert.deepEqual([looks, threads[0]?.closed], [[5, 15, 35, 75], 1]);
    await clock.advance(80_000);
    const answer = elsewhere.sums(start);
    threads.at(-1)?.updates.at(-1)?.(true);
    assert.equal((await answer).length, 1);
    assert.deepEqual([elsewhere.state.kind, tester.logger.lines.length], ['read', 1]);
    await elsewhere.close();
  });

  it('asks another thread after one has failed to answer, and has what it knows until then', async () => {
    const { tester, threads } = withThreads();
    const { elsewhere, clock } = tester;
    const read = async (): Promise<void> => {
      threads.at(-1)?.updates.at(-1)?.(true);
      await clock.advance(0);
    };
    await elsewhere.allow(true);
    await read();
    assert.equal((await elsewhere.sums(start)).length, 1);
    await clock.advance(1000);
    const [first] = threads;
    if (first !== undefined) first.fails = new Error('It has ended.');
    assert.equal((await elsewhere.sums(start)).length, 1);
    assert.deepEqual([elsewhere.state, first?.closed], [{ kind: 'failed', reason: 'It has ended.' }, 1]);
    assert.equal((await elsewhere.sums(start)).length, 1);
    await clock.advance(5000);
    const answer = elsewhere.sums(start);
    await read();
    assert.equal((await answer).length, 1);
    assert.deepEqual([threads.length, elsewhere.state.kind], [2, 'read']);
    await elsewhere.close();
  });

  it('that cannot be read is said once, and leaves the rest as it is', async () => {
    const tester = new ElsewhereTester({
      open: () => {
        throw new Error('no thread');
      },
    });
    await tester.elsewhere.allow(true);
    await tester.clock.advance(0);
    assert.deepEqual(tester.elsewhere.state, { kind: 'failed', reason: 'no thread' });
    await tester.clock.advance(10_000);
    assert.deepEqual(await tester.elsewhere.sums(start), []);
    await tester.clock.advance(0);
    assert.equal(tester.logger.lines.filter((line) => line.includes('no thread')).length, 1);
    await tester.elsewhere.close();
  });
});
