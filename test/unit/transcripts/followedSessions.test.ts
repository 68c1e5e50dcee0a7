import assert from 'node:assert/strict';
import { appendFileSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { maxSubscriptionPlan } from '../../../src/core/plan.ts';
import type { LiveSession, ObservedBy } from '../../../src/core/session.ts';
import { FollowedSessions } from '../../../src/transcripts/followedSessions.ts';
import { ManagerTester } from '../core/managerTester.ts';
import { tokens } from '../ledger/ledgerTester.ts';
import { silentLogger } from '../ledger/silentLogger.ts';
import { temporaryDirectory } from '../ledger/temporaryDirectory.ts';
import { type LineParts, transcriptLine } from './transcriptLine.ts';

describe('sessions that are followed', () => {
  let directory: ReturnType<typeof temporaryDirectory>;
  let tester: ManagerTester;
  let followed: FollowedSessions;
  let file: string;

  beforeEach(() => {
    directory = temporaryDirectory();
    file = path.join(directory.path, 'c1.jsonl');
    tester = new ManagerTester(maxSubscriptionPlan({ dailyTokens: 1e9 }));
    followed = started();
  });
  afterEach(() => {
    followed.dispose();
    directory.remove();
  });

  function started(): FollowedSessions {
    const { ledger, clock, manager } = tester;
    const book = manager.book.bind(manager);
    return new FollowedSessions({ ledger, clock, book, logger: silentLogger, pollMs: 20 });
  }

  async function session(by: ObservedBy): Promise<LiveSession> {
    const sessionId = await tester.session('agent', 'observed');
    await tester.ledger.setObservedBy(sessionId, by);
    return live(sessionId);
  }

  async function live(sessionId: string): Promise<LiveSession> {
    const found = (await tester.ledger.liveSessions()).find((one) => one.sessionId === sessionId);
    assert.ok(found !== undefined);
    return found;
  }

  function write(id: string, parts: LineParts = {}): void {
    const timestamp = new Date(tester.clock.now()).toISOString();
    const line = transcriptLine({ messageId: `msg_${id}`, requestId: `req_${id}`, timestamp, ...parts });
    appendFileSync(file, `${line}\n`);
  }

  /** Lets files be looked at, which takes real time, and time pass. */
  async function until(requests: number, stepMs = 1000): Promise<void> {
    const deadline = performance.now() + 5000;
    for (;;) {
      await tester.clock.advance(stepMs);
      const usage = await tester.ledger.usage(0, Infinity, 1e15, 'session');
      const booked = usage.reduce((sum, one) => sum + one.requests, 0);
      if (booked === requests) return;
      assert.ok(performance.now() < deadline, `${booked} requests are booked and not ${requests}`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  it('are booked as they are written where nothing else tells, and once', async () => {
    const one = await session('transcripts');
    await followed.seen(one, file);
    write('a');
    await until(1);
    await followed.seen(await live(one.sessionId), file);
    write('a');
    write('b', { stopReason: null });
    write('c', { model: '<synthetic>' });
    write('d', { messageId: 'msg_bdrk_1' });
    write('e');
    await until(3);
    assert.deepEqual((await live(one.sessionId)).transcripts, [file]);
  });

  it('have what they say until their turn is over', async () => {
    const one = await session('transcripts');
    await followed.seen(one, file);
    write('a', { stopReason: null, usage: { input_tokens: 1, output_tokens: 1 } });
    await new Promise((resolve) => setTimeout(resolve, 300));
    await until(0);
    write('a', { stopReason: null, usage: { input_tokens: 1, output_tokens: 7 } });
    followed.turnOver(one.sessionId);
    await until(1);
    assert.deepEqual((await live(one.sessionId)).usage, tokens(1, 7));
  });

  it('are read from where they began by an engine that was not there', async () => {
    write('before', { timestamp: new Date(tester.clock.now() - 1).toISOString() });
    const [one, two] = [await session('transcripts'), await session('telemetry')];
    for (const { sessionId } of [one, two]) await tester.ledger.noteTranscript(sessionId, file);
    followed.dispose();
    write('a');
    await tester.manager.book(two.sessionId, { usage: tokens(1), model: undefined, requestId: 'req_b' });
    write('b');
    followed = started();
    await followed.rejoin();
    await until(2);
    await tester.clock.advance(60_000);
    await until(2);
    assert.equal((await live(one.sessionId)).requests, 1);
  });

  it('make up for telemetry only after it had its time', async () => {
    const one = await session('telemetry');
    await followed.seen(one, file);
    write('a');
    write('b', { requestId: undefined });
    await new Promise((resolve) => setTimeout(resolve, 300));
    await tester.clock.advance(20_000);
    await until(0, 100);
    await tester.clock.advance(20_000);
    await until(1, 100);
  });

  it('say nothing beside telemetry that does not name its requests, or they would count twice', async () => {
    const one = await session('telemetry');
    await followed.seen(one, file);
    write('a');
    await new Promise((resolve) => setTimeout(resolve, 300));
    await tester.clock.advance(1000);
    await tester.ledger.noteHeard(one.sessionId, 'unnamed', tester.clock.now());
    await tester.manager.book(one.sessionId, { usage: tokens(5, 1), model: 'm', requestId: 'telemetry-1' });
    await tester.clock.advance(60_000);
    write('b');
    await new Promise((resolve) => setTimeout(resolve, 300));
    await tester.clock.advance(60_000);
    await until(1);
    // Nor when they are read once more from where they began.
    followed.dispose();
    followed = started();
    await followed.rejoin();
    await new Promise((resolve) => setTimeout(resolve, 300));
    await tester.clock.advance(60_000);
    await until(1);
  });

  it('have their last requests booked when they end', async () => {
    const one = await session('telemetry');
    await followed.seen(one, file);
    write('a', { stopReason: null });
    await tester.manager.release(one.sessionId, 'process-ended');
    await until(1);
    await until(1);
    assert.equal(tester.clock.timers, 0, 'nothing is followed any more');
  });

  it('are told by an agent, which may name no other files', async () => {
    const one = await session('transcripts');
    mkdirSync(path.join(directory.path, 'x'));
    for (const wrong of ['c1.jsonl', path.join(directory.path, 'x'), '//server/share/c1.jsonl', '\\\\server\\c1.jsonl'])
      await followed.seen(one, wrong);
    assert.equal((await live(one.sessionId)).transcripts, undefined);
    const routed = await live(await tester.session('routed', 'routed'));
    await followed.seen(routed, file);
    write('a');
    await new Promise((resolve) => setTimeout(resolve, 200));
    await until(0);
  });
});
