import assert from 'node:assert/strict';
import { apiKeyPlan } from '../../../src/core/plan.ts';
import { eachWithLedger } from './ledgerHooks.ts';
import { tokens, type OpenLedger } from './ledgerTester.ts';

export function sessionTests(openLedger: OpenLedger): void {
  describe('sessions', () => {
    const given = eachWithLedger(openLedger, apiKeyPlan({ concurrentAgents: 1 }));

    it('are found by the hash of their token, live and ended', async () => {
      const tester = given();
      const outcome = await tester.open('a', { pid: 7 });
      assert.ok(outcome.kind === 'opened');
      const { sessionId } = outcome.session;
      const { now } = tester;
      const expected = {
        state: 'active',
        sessionId,
        agentId: 'a',
        planId: 'ApiKey',
        mode: 'routed',
        allocation: { requestsPerMinute: 60, tokens: 100_000 },
        process: { pid: 7 },
        workspace: 'work',
        createdAt: now,
        lastActivityAt: now,
        usage: tokens(0),
        requests: 0,
      };
      assert.deepEqual(await tester.session(sessionId), expected);
      assert.equal(await tester.ledger.sessionOfTokenHash('hash of nobody'), undefined);
      assert.deepEqual(await tester.ledger.liveSessions(), [expected]);
      tester.now += 10;
      const ended = await tester.ledger.endSession(sessionId, 'released', tester.now);
      assert.deepEqual(ended, { ...expected, state: 'ended', endedAt: now + 10, endReason: 'released' });
      assert.deepEqual(await tester.session(sessionId), ended);
      assert.deepEqual(await tester.ledger.liveSessions(), []);
    });

    it('end once', async () => {
      const tester = given();
      const a = await tester.opened('a');
      await tester.ledger.endSession(a, 'process-ended', tester.now);
      assert.equal(await tester.ledger.endSession(a, 'released', tester.now), undefined);
      assert.equal(await tester.ledger.endSession('nobody', 'released', tester.now), undefined);
      const session = await tester.session(a);
      assert.equal(session.state === 'ended' && session.endReason, 'process-ended');
    });

    it('are tied to another process while they live', async () => {
      const tester = given();
      const a = await tester.opened('a');
      await tester.ledger.attachProcess(a, { pid: 5, startMark: 'then' });
      assert.deepEqual((await tester.session(a)).process, { pid: 5, startMark: 'then' });
      await tester.ledger.endSession(a, 'released', tester.now);
      await tester.ledger.attachProcess(a, { pid: 6 });
      await tester.ledger.attachProcess('nobody', { pid: 6 });
      const session = await tester.session(a);
      assert.equal(session.state, 'ended');
      assert.equal(session.process.pid, 5);
    });

    it('say how they are observed while they live', async () => {
      const tester = given();
      const a = await tester.opened('a');
      assert.equal((await tester.session(a)).observedBy, undefined);
      await tester.ledger.setObservedBy(a, 'transcripts');
      assert.equal((await tester.session(a)).observedBy, 'transcripts');
      await tester.ledger.setObservedBy('nobody', 'telemetry');
      await tester.ledger.endSession(a, 'released', tester.now);
      await tester.ledger.setObservedBy(a, 'telemetry');
      assert.equal((await tester.session(a)).observedBy, 'transcripts');
    });

    it('keep when they were first heard while they live', async () => {
      const tester = given();
      const a = await tester.opened('a');
      const first = tester.now;
      await tester.ledger.noteHeard(a, 'hooks', first);
      tester.now += 1000;
      await tester.ledger.noteHeard(a, 'hooks', tester.now);
      await tester.ledger.noteHeard(a, 'telemetry', tester.now);
      await tester.ledger.noteHeard('nobody', 'turn', tester.now);
      await tester.ledger.endSession(a, 'released', tester.now);
      await tester.ledger.noteHeard(a, 'turn', tester.now);
      assert.deepEqual((await tester.session(a)).heard, { hooks: first, telemetry: first + 1000 });
    });

    it('keep where their transcripts are while they live, the latest twenty', async () => {
      const tester = given();
      const a = await tester.opened('a');
      assert.equal((await tester.session(a)).transcripts, undefined);
      for (const path of ['/t/1.jsonl', '/t/2.jsonl', '/t/1.jsonl']) await tester.ledger.noteTranscript(a, path);
      assert.deepEqual((await tester.session(a)).transcripts, ['/t/1.jsonl', '/t/2.jsonl']);
      for (let index = 3; index <= 21; index += 1) await tester.ledger.noteTranscript(a, `/t/${index}.jsonl`);
      assert.deepEqual(
        [(await tester.session(a)).transcripts?.length, (await tester.session(a)).transcripts?.[0]],
        [20, '/t/2.jsonl'],
      );
      await tester.ledger.noteTranscript('nobody', '/t/3.jsonl');
      await tester.ledger.endSession(a, 'released', tester.now);
      await tester.ledger.noteTranscript(a, '/t/late.jsonl');
      assert.equal((await tester.session(a)).transcripts?.includes('/t/late.jsonl'), false);
    });

    it('give their slot when idle, but not while a request is under way', async () => {
      const tester = given();
      const a = await tester.opened('a');
      const id = await tester.admitted(a);
      assert.equal(await tester.ledger.idleSession(a, tester.now), false);
      await tester.settle(id, tokens(1));
      assert.equal(await tester.ledger.idleSession(a, tester.now), true);
      assert.equal(await tester.ledger.idleSession(a, tester.now), false, 'idle already');
      assert.equal(await tester.ledger.idleSession('nobody', tester.now), false);
      assert.equal((await tester.session(a)).state, 'idle');
      assert.equal(await tester.used('slots'), 0);
      await tester.opened('b');
    });

    it('take a slot again with their next request', async () => {
      const tester = given();
      const a = await tester.opened('a');
      await tester.ledger.idleSession(a, tester.now);
      const b = await tester.opened('b');
      const first = await tester.waiting(a);
      const second = await tester.waiting(a);
      assert.deepEqual(await tester.goes(), [], 'b holds the slot');
      await tester.admitted(b);
      await tester.ledger.endSession(b, 'released', tester.now);
      assert.deepEqual(await tester.goes(), [first, second], 'one slot is enough for both');
      const session = await tester.session(a);
      assert.equal(session.state, 'active');
      assert.ok(!('idleSince' in session));
      assert.equal(await tester.used('slots'), 1);
    });

    it('come back from idleness behind nobody who holds a slot, and keep it until they are idle again', async () => {
      const tester = given();
      tester.plan = apiKeyPlan({ concurrentAgents: 2, requestsPerMinute: 2 });
      const [a, b] = [await tester.opened('a'), await tester.opened('b')];
      await tester.ledger.idleSession(a, tester.now);
      const c = await tester.opened('c');
      const waits = await tester.waiting(a);
      for (const session of [b, c]) await tester.settle(await tester.admitted(session), tokens(1));
      const short = await tester.waiting(b);
      await tester.ledger.endSession(c, 'released', tester.now);
      tester.now += 60_000;
      assert.deepEqual((await tester.goes()).sort(), [waits, short].sort());
      assert.equal(await tester.ledger.idleSession(a, tester.now), false, 'its request is under way');
      await tester.settle(waits, tokens(1));
      assert.equal((await tester.open('d')).kind, 'no-slot');
      assert.equal(await tester.ledger.idleSession(a, tester.now), true);
      await tester.opened('d');
    });

    it('of which two are idle wake one at a time', async () => {
      const tester = given();
      tester.plan = apiKeyPlan({ concurrentAgents: 2 });
      const [a, b] = [await tester.opened('a'), await tester.opened('b')];
      for (const session of [a, b]) await tester.ledger.idleSession(session, tester.now);
      tester.plan = apiKeyPlan({ concurrentAgents: 1 });
      const first = await tester.admitted(a);
      await tester.waiting(b);
      await tester.settle(first, tokens(1));
      assert.deepEqual(await tester.goes(), []);
      assert.equal(await tester.used('slots'), 1);
    });

    it('end while idle', async () => {
      const tester = given();
      const a = await tester.opened('a');
      await tester.ledger.idleSession(a, tester.now);
      const ended = await tester.ledger.endSession(a, 'process-ended', tester.now);
      assert.equal(ended?.state, 'ended');
      assert.ok(!('idleSince' in ended));
    });

    it('that end take their requests out of the line, and let those under way finish', async () => {
      const tester = given();
      tester.plan = apiKeyPlan({ concurrentAgents: 2, requestsPerMinute: 1 });
      const [a, b] = [await tester.opened('a'), await tester.opened('b')];
      const underWay = await tester.admitted(a, { input: 5 });
      const waits = await tester.waiting(a);
      const other = await tester.waiting(b);
      await tester.ledger.endSession(a, 'released', tester.now);
      const { decided } = await tester.run();
      assert.deepEqual([...decided], [[waits, { kind: 'gone' }]]);
      assert.equal((await tester.run()).decided.size, 0, 'told once');
      assert.equal(await tester.settle(underWay, tokens(5, 3)), true);
      const session = await tester.session(a);
      assert.equal(session.state, 'ended');
      assert.deepEqual([session.usage, session.requests], [tokens(5, 3), 1]);
      tester.now += 60_000;
      assert.deepEqual(await tester.goes(), [other]);
    });

    it('that have ended, or never were, get no request in line', async () => {
      const tester = given();
      const a = await tester.opened('a');
      await tester.ledger.endSession(a, 'released', tester.now);
      assert.equal((await tester.ask(a)).state, 'gone');
      assert.equal((await tester.ask('nobody')).state, 'gone');
      assert.equal((await tester.view()).activity.size, 0);
    });

    it('show when they were last active', async () => {
      const tester = given();
      const a = await tester.opened('a');
      tester.now += 1000;
      const id = await tester.admitted(a);
      assert.equal((await tester.session(a)).lastActivityAt, tester.now);
      tester.now += 1000;
      await tester.settle(id, tokens(1));
      assert.equal((await tester.session(a)).lastActivityAt, tester.now);
    });
  });
}
