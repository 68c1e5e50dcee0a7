import assert from 'node:assert/strict';
import { requestCost, type RateDimension } from '../../../src/core/rateLimits.ts';
import {
  decideLine,
  fairTag,
  fairWeight,
  type LineFacts,
  type ScopeFacts,
  type WaitingRequest,
} from '../../../src/core/requestLine.ts';
import type { TokenBucket } from '../../../src/core/tokenBucket.ts';

const now = 1_000_000;
const empty: TokenBucket = { used: 0, at: now, held: 0 };
const buckets: Readonly<Record<RateDimension, TokenBucket>> = {
  requestsPerMinute: empty,
  tokensPerMinute: empty,
  inputTokensPerMinute: empty,
  outputTokensPerMinute: empty,
};
const open: ScopeFacts = { limits: {}, buckets, day: undefined, pausedUntil: 0, closedUntil: undefined };

/** The line's facts where the plan alone limits. */
function facts(given: Partial<ScopeFacts> & Partial<LineFacts>): LineFacts {
  const { waiting = [], freeSlots = 0, ...scope } = given;
  return { scopes: new Map([['plan', { ...open, ...scope }]]), freeSlots, waiting };
}

function request(id: string, more: Partial<WaitingRequest> & { readonly tokens?: number } = {}): WaitingRequest {
  const { tokens = 10, ...rest } = more;
  const cost = requestCost(1, tokens, 0);
  return { id, sessionId: `session of ${id}`, cost, scopes: ['plan'], tag: 0, needsSlot: false, ...rest };
}

function ids(requests: readonly WaitingRequest[]): string[] {
  return requests.map(({ id }) => id);
}

describe('who goes next', () => {
  it('is everybody when nothing is limited, by place and then by id', () => {
    const waiting = [request('c', { tag: 5 }), request('b'), request('a'), request('d', { tag: 1 })];
    const { admitted, nextAt } = decideLine(facts({ waiting }), now);
    assert.deepEqual(ids(admitted), ['a', 'b', 'd', 'c']);
    assert.equal(nextAt, undefined);
  });

  it('is nobody while the upstream wants nothing', () => {
    const paused = facts({ pausedUntil: now + 500, waiting: [request('a')] });
    assert.deepEqual(decideLine(paused, now), { admitted: [], usedUp: [], nextAt: now + 500, lacksLease: [] });
    assert.deepEqual(ids(decideLine(paused, now + 500).admitted), ['a']);
  });

  it('is whoever the tightest limit allows, each taking from what the one before left', () => {
    const limits = { requestsPerMinute: 60, inputTokensPerMinute: 25 };
    const waiting = [request('a'), request('b'), request('c'), request('free', { tokens: 0, tag: 9 })];
    const used = { ...buckets, inputTokensPerMinute: { ...empty, used: 5 } };
    const decision = decideLine(facts({ limits, buckets: used, waiting }), now);
    assert.deepEqual(ids(decision.admitted), ['a', 'b']);
    assert.equal(decision.nextAt, undefined, 'the third waits for what is held');
    const later = decideLine(facts({ limits, buckets: used, waiting: [request('a', { tokens: 24 })] }), now);
    assert.equal(later.nextAt, Math.ceil(now + (4 / 25) * 60_000));
  });

  it('waits for the last of several limits', () => {
    const limits = { requestsPerMinute: 60, tokensPerMinute: 600 };
    const used = {
      ...buckets,
      requestsPerMinute: { ...empty, used: 60 },
      tokensPerMinute: { ...empty, used: 600 },
    };
    const waiting = [request('a', { tokens: 100 })];
    assert.equal(decideLine(facts({ limits, buckets: used, waiting }), now).nextAt, now + 10_000);
    const few = [request('a', { tokens: 1 })];
    assert.equal(decideLine(facts({ limits, buckets: used, waiting: few }), now).nextAt, now + 1000);
  });

  it('passes those who wait for a slot, and seats a session once', () => {
    const waiting = [
      request('a', { needsSlot: true, sessionId: 'first' }),
      request('b', { needsSlot: true, sessionId: 'second' }),
      request('c', { needsSlot: true, sessionId: 'first' }),
      request('d'),
    ];
    assert.deepEqual(ids(decideLine(facts({ waiting }), now).admitted), ['d']);
    assert.deepEqual(ids(decideLine(facts({ freeSlots: 1, waiting }), now).admitted), ['a', 'c', 'd']);
    assert.deepEqual(ids(decideLine(facts({ freeSlots: -3, waiting }), now).admitted), ['d']);
  });

  it('tells those for whom the day does not suffice, and goes on behind them', () => {
    const day = { whose: 'plan', limit: 100, used: 80, held: 0 } as const;
    const waiting = [request('a', { tokens: 21 }), request('b', { tokens: 15 }), request('c', { tokens: 10 })];
    const decision = decideLine(facts({ day, waiting }), now);
    assert.deepEqual(ids(decision.usedUp.map(({ request }) => request)), ['a']);
    assert.deepEqual(ids(decision.admitted), ['b'], 'the third waits for what the second does not use');
    const large = decideLine(facts({ day: { ...day, used: 0 }, waiting: [request('a', { tokens: 500 })] }), now);
    assert.deepEqual(ids(large.admitted), ['a']);
  });
});

describe('who goes next under several limits', () => {
  const full: ScopeFacts = {
    ...open,
    limits: { tokensPerMinute: 60 },
    buckets: { ...buckets, tokensPerMinute: { ...empty, used: 60 } },
  };

  function line(scopes: Record<string, ScopeFacts>, waiting: readonly WaitingRequest[]): LineFacts {
    return { scopes: new Map(Object.entries({ plan: open, ...scopes })), freeSlots: 0, waiting };
  }

  it('is not held up by who lacks a limit that it does not come under', () => {
    const waiting = [
      request('a', { scopes: ['plan', 'opus'] }),
      request('b', { scopes: ['plan', 'opus'], tokens: 0 }),
      request('c', { scopes: ['plan', 'sonnet'] }),
      request('d'),
    ];
    const { admitted, nextAt } = decideLine(line({ opus: full, sonnet: open }, waiting), now);
    assert.deepEqual(ids(admitted), ['c', 'd'], 'nor does one that needs nothing pass those of its group');
    assert.equal(nextAt, now + 10_000);
  });

  it('is nobody behind who lacks the limit that all come under', () => {
    const waiting = [request('a', { scopes: ['plan', 'opus'] }), request('b', { scopes: ['plan', 'sonnet'] })];
    const decision = decideLine(line({ plan: full, opus: open, sonnet: open }, waiting), now);
    assert.deepEqual(ids(decision.admitted), []);
  });

  it('is looked for again when the first of several limits gives way, since that may be another’s only one', () => {
    const plan = { ...open, pausedUntil: now + 2000 };
    const opus = { ...open, pausedUntil: now + 5000 };
    const waiting = [request('a', { scopes: ['plan', 'opus'] }), request('b')];
    assert.equal(decideLine(line({ plan, opus }, waiting), now).nextAt, now + 2000);
    const then = decideLine(line({ plan, opus }, waiting), now + 2000);
    assert.deepEqual([ids(then.admitted), then.nextAt], [['b'], now + 5000]);
  });

  it('takes from every limit that it comes under', () => {
    const small = { ...open, limits: { tokensPerMinute: 25 } };
    const waiting = ['a', 'b', 'c'].map((id) => request(id, { scopes: ['plan', 'agent'] }));
    assert.deepEqual(ids(decideLine(line({ agent: small }, waiting), now).admitted), ['a', 'b']);
    const both = line({ agent: small, plan: { ...open, limits: { tokensPerMinute: 15 } } }, waiting);
    assert.deepEqual(ids(decideLine(both, now).admitted), ['a']);
  });

  it('is told that a window is used up, unless that opens soon', () => {
    const waiting = [request('a'), request('b', { tokens: 0 })];
    const late = decideLine(line({ plan: { ...open, closedUntil: now + 60_001 } }, waiting), now);
    assert.deepEqual(
      late.usedUp.map(({ request: { id }, what, until }) => [id, what, until]),
      [
        ['a', 'window', now + 60_001],
        ['b', 'window', now + 60_001],
      ],
    );
    assert.equal(late.nextAt, undefined);
    const soon = decideLine(line({ plan: { ...open, closedUntil: now + 60_000 } }, waiting), now);
    assert.deepEqual([soon.usedUp, soon.admitted, soon.nextAt], [[], [], now + 60_000]);
  });

  it('seats only so many sessions of a limited agent, and passes those', () => {
    const seat = (id: string, limitedAgent: string): WaitingRequest =>
      request(id, { needsSlot: true, limitedAgent, sessionId: id });
    const waiting = [seat('a1', 'a'), seat('a2', 'a'), seat('b1', 'b'), seat('c1', 'c')];
    const agentSlots = new Map([
      ['a', 1],
      ['b', Infinity],
      ['c', 0],
    ]);
    const decision = decideLine({ scopes: new Map([['plan', open]]), freeSlots: 9, agentSlots, waiting }, now);
    assert.deepEqual(ids(decision.admitted), ['a1', 'b1']);
  });
});

describe('a place in line', () => {
  it('is behind the session’s own requests, and never before those that went', () => {
    assert.deepEqual(fairTag(10, 0, 4), { tag: 12, finish: 14 });
    assert.deepEqual(fairTag(10, 40, 4), { tag: 42, finish: 44 });
  });

  it('moves a session by its tokens, or by its share of the requests if that is more', () => {
    const limits = { requestsPerMinute: 60, tokensPerMinute: 60_000 };
    assert.equal(fairWeight(requestCost(1, 4000, 1000), limits), 5000);
    assert.equal(fairWeight(requestCost(1, 10, 0), limits), 1000);
    assert.equal(fairWeight(requestCost(1, 10, 0), {}), 10);
    assert.equal(fairWeight(requestCost(1, 0, 0), { requestsPerMinute: 60 }), 1);
  });
});
