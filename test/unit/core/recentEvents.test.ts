import assert from 'node:assert/strict';
import type { Problem } from '../../../src/core/credentials.ts';
import { apiKeyPlan } from '../../../src/core/plan.ts';
import { RecentEvents } from '../../../src/core/recentEvents.ts';
import { outcome, ManagerTester } from './managerTester.ts';

const plan = apiKeyPlan({ requestsPerMinute: 2, tokensPerMinute: 100_000, concurrentAgents: 4 });

class EventTester extends ManagerTester {
  readonly events = new RecentEvents(this.manager.signals, this.clock);

  async look(problems: readonly Problem[] = []): Promise<void> {
    this.events.look(await this.manager.view(), problems, this.manager.planId);
  }

  kinds(after = 0): string[] {
    return this.events.after(after).map(({ kind }) => kind);
  }
}

function fault(code: string): Problem {
  return { code, severity: 'error', message: `${code} is wrong.`, nextStep: 'Put it right.' };
}

describe('recent events', () => {
  it('tell of requests that were held until there was room, several as one', async () => {
    const tester = new EventTester(plan);
    const sessionId = await tester.session('reviewer');
    await tester.look();
    for (let index = 0; index < 2; index += 1) {
      await (await tester.reserve(sessionId).promise).settle(outcome([1, 1]));
    }
    assert.deepEqual(tester.kinds(), [], 'there was room');
    const waiting = [tester.reserve(sessionId), tester.reserve(sessionId)];
    await tester.clock.advance(30_000);
    await (await (waiting[0]?.promise ?? assert.fail())).settle(outcome([1, 1]));
    const [first] = tester.events.after(0);
    assert.ok(first?.kind === 'waited');
    assert.deepEqual([first.requests, first.session], [1, { sessionId, agentId: 'reviewer' }]);
    assert.ok(first.longestMs > 20_000 && first.longestMs <= 30_000, String(first.longestMs));
    await tester.clock.advance(30_000);
    const reservation = await (waiting[1]?.promise ?? assert.fail());
    const [, second] = tester.events.after(0);
    assert.ok(second?.kind === 'waited' && second.requests === 1, 'half a minute later it is another event');
    await reservation.settle(outcome(undefined, { status: 429 }));
    assert.deepEqual(tester.kinds(second.id), ['limited']);
    tester.events.dispose();
    tester.manager.dispose();
  });

  it('add up what happens to a session at once, as a new event', () => {
    const tester = new EventTester(plan);
    const { signals } = tester.manager;
    signals.admitted.tell('a', 2000);
    signals.admitted.tell('b', 10);
    const seen = tester.events.lastId;
    signals.admitted.tell('a', 1000);
    signals.refused.tell('a', 'The day is used up.');
    signals.refused.tell('a', 'The day is used up.');
    signals.refused.tell('a', 'The session has ended.');
    assert.deepEqual(
      tester.events.after(seen).map((event) => ('requests' in event ? [event.kind, event.requests] : event.kind)),
      [
        ['waited', 2],
        ['refused', 2],
        ['refused', 1],
      ],
    );
    assert.equal(tester.events.after(0).length, 4);
    tester.manager.dispose();
  });

  it('tell of sessions that begin and end, limits that change and faults that come and go', async () => {
    const tester = new EventTester(plan);
    const before = await tester.session('before');
    await tester.look([fault('disk')]);
    const later = await tester.session('later');
    await tester.manager.release(before, 'released');
    await tester.look();
    await tester.manager.configure(
      { planId: tester.manager.planId, plan: { ...plan, requestsPerMinute: 7 }, agents: [], dailyTokens: 'fallback' },
      1000,
    );
    await tester.look([fault('agents-wait')]);
    await tester.look();
    const found = tester.events.after(0).map(({ id: _id, at: _at, ...content }) => content);
    assert.deepEqual(found, [
      { kind: 'fault', code: 'disk', message: 'disk is wrong.' },
      { kind: 'session-started', session: { sessionId: later, agentId: 'later' } },
      { kind: 'session-ended', session: { sessionId: before, agentId: 'before' } },
      { kind: 'fault-over', code: 'disk', message: 'disk is wrong.' },
      { kind: 'limit-changed', dimension: 'requestsPerMinute', from: 2, to: 7 },
    ]);
    tester.manager.dispose();
  });

  it('are not more than 200, the newest', () => {
    const tester = new EventTester(plan);
    for (let index = 0; index < 500; index += 1) tester.manager.signals.admitted.tell(`session ${index}`, 5);
    const events = tester.events.after(0);
    assert.deepEqual([events.length, events[0]?.id, events.at(-1)?.id], [200, 301, 500]);
    tester.manager.dispose();
  });
});
