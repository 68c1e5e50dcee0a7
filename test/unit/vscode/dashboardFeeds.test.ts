import assert from 'node:assert/strict';
import type { UsageQuery } from '../../../src/shared/dashboardUsage.ts';
import type { RecentEvent } from '../../../src/shared/recentEvent.ts';
import type { UsageHistory } from '../../../src/shared/usageHistory.ts';
import { EventFeed } from '../../../src/vscode/eventFeed.ts';
import { UsageFeed } from '../../../src/vscode/usageFeed.ts';
import { ManualClock } from './manualClock.ts';
import { sampleHistory } from './sampleHistory.ts';

interface Question {
  readonly query: unknown;
  readonly answer: (history: UsageHistory) => void;
  readonly fail: (cause: Error) => void;
}

/** An engine whose answers come when the test wants. */
function slowEngine() {
  const questions: Question[] = [];
  const logged: string[] = [];
  return {
    questions,
    logged,
    engine: {
      history: (query: unknown) =>
        new Promise<UsageHistory>((answer, fail) => {
          questions.push({ query, answer, fail });
        }),
      events: (): Promise<readonly RecentEvent[]> => Promise.resolve([]),
    },
    notices: { logged: (what: string) => void logged.push(what) },
  };
}

const usedToday = (): number => 0;

/** Lets what was answered be taken in. */
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('the feed of usage over time', () => {
  const day: UsageQuery = { span: 'day', by: 'agent' };
  const week: UsageQuery = { span: 'week', by: 'model' };
  const read: UsageHistory = {
    ...sampleHistory(),
    transcripts: { kind: 'read', at: 0, files: 1, unreadableFiles: 0 },
  };

  it('asks one question at a time, and then for what is wanted by now', async () => {
    const { questions, engine, notices } = slowEngine();
    const shown: UsageQuery[] = [];
    const feed = new UsageFeed(
      { engine, notices, clock: new ManualClock(), usedToday },
      ({ query }) => void shown.push(query),
    );
    void feed.show(day);
    void feed.show(week);
    assert.equal(questions.length, 1);
    questions[0]?.answer(sampleHistory());
    await settle();
    assert.deepEqual(
      questions.map(({ query }) => query),
      [day, week],
    );
    questions[1]?.answer(sampleHistory());
    await settle();
    assert.deepEqual(shown, [day, week]);
    assert.equal(questions.length, 2);
  });

  it('asks again when what it has is old, and not before', async () => {
    const { questions, engine, notices } = slowEngine();
    const clock = new ManualClock();
    const feed = new UsageFeed({ engine, notices, clock, usedToday }, () => undefined);
    void feed.show(day);
    questions[0]?.answer(read);
    await settle();
    clock.advance(14_000);
    await feed.refresh();
    assert.equal(questions.length, 1);
    clock.advance(1000);
    void feed.refresh();
    assert.equal(questions.length, 2);
  });

  it('asks again soon when tokens were used since', async () => {
    const { questions, engine, notices } = slowEngine();
    const clock = new ManualClock();
    let used = 100;
    const feed = new UsageFeed({ engine, notices, clock, usedToday: () => used }, () => undefined);
    void feed.show(week);
    // What is used while the answer is made may not be in it.
    used = 200;
    questions[0]?.answer(read);
    await settle();
    clock.advance(4999);
    await feed.refresh();
    assert.equal(questions.length, 1);
    clock.advance(1);
    void feed.refresh();
    questions[1]?.answer(read);
    await settle();
    clock.advance(29_000);
    await feed.refresh();
    assert.equal(questions.length, 2, 'and no longer when none are');
  });

  it('asks again soon while nothing of the day is there but something was used', async () => {
    const { questions, engine, notices } = slowEngine();
    const clock = new ManualClock();
    let used = 0;
    const feed = new UsageFeed({ engine, notices, clock, usedToday: () => used }, () => undefined);
    const empty: UsageHistory = { ...read, totals: { ...read.totals, today: read.totals.sevenDays } };
    void feed.show(week);
    questions[0]?.answer(empty);
    await settle();
    clock.advance(2000);
    await feed.refresh();
    assert.equal(questions.length, 1);
    used = 100;
    void feed.refresh();
    assert.equal(questions.length, 2);
    questions[1]?.answer(read);
    await settle();
    clock.advance(4999);
    await feed.refresh();
    assert.equal(questions.length, 2);
  });

  it('asks again soon while transcripts are being read', async () => {
    const { questions, engine, notices } = slowEngine();
    const clock = new ManualClock();
    const feed = new UsageFeed({ engine, notices, clock, usedToday }, () => undefined);
    void feed.show(week);
    assert.equal(sampleHistory().transcripts.kind, 'reading');
    questions[0]?.answer(sampleHistory());
    await settle();
    clock.advance(2000);
    void feed.refresh();
    assert.equal(questions.length, 2);
    questions[1]?.answer(read);
    await settle();
    clock.advance(2000);
    await feed.refresh();
    assert.equal(questions.length, 2, 'and no longer when all is read');
  });

  it('keeps what it has when an answer fails', async () => {
    const { questions, engine, notices, logged } = slowEngine();
    const feed = new UsageFeed({ engine, notices, clock: new ManualClock(), usedToday }, () => undefined);
    void feed.show(day);
    questions[0]?.answer(sampleHistory());
    await settle();
    void feed.show(day);
    questions[1]?.fail(new Error('gone'));
    await settle();
    assert.equal(logged.length, 1);
    assert.ok(feed.newest);
  });
});

describe('the feed of events', () => {
  const event = (id: number, what = 'fault'): RecentEvent => {
    return { id, at: 0, kind: 'fault', code: 'x', message: `${what} ${id}` };
  };

  it('fetches what is new, the newest first, and begins anew with another engine', async () => {
    let known: readonly RecentEvent[] = [event(1), event(2)];
    const asked: number[] = [];
    const { engine, notices } = slowEngine();
    const events = (after: number): Promise<readonly RecentEvent[]> => {
      asked.push(after);
      return Promise.resolve(known.filter(({ id }) => id > after));
    };
    let changes = 0;
    const feed = new EventFeed({ engine: { ...engine, events }, notices }, () => void (changes += 1));
    const texts = (): string[] => feed.events.map(({ text }) => text);
    const follow = (lastEventId: number, startedAt = 10): Promise<void> => feed.follow({ startedAt, lastEventId });
    await follow(0);
    assert.deepEqual(asked, [], 'there is none');
    await follow(2);
    await follow(2);
    known = [...known, event(3)];
    await follow(3);
    assert.deepEqual(asked, [0, 2]);
    assert.deepEqual(texts(), ['fault 3', 'fault 2', 'fault 1']);
    assert.equal(changes, 2);
    known = [event(1)];
    await follow(1, 20);
    assert.deepEqual(texts(), ['fault 1']);
    known = [event(1, 'other'), event(2, 'other')];
    await follow(2, 30);
    assert.deepEqual(texts(), ['other 2', 'other 1'], 'though it has more events than the one before had');
    known = [event(1), event(2)];
    await follow(2, 40);
    assert.deepEqual(texts(), ['fault 2', 'fault 1'], 'or as many');
  });
});
