import assert from 'node:assert/strict';
import type pg from 'pg';
import { SharedQuotaError, type SharedQuota, type UsageDelivery } from '../../../src/core/sharedQuota.ts';
import { SharedDatabase } from '../../support/sharedDatabase.ts';
import { FakeMachine, identity } from './fakeMachine.ts';

describe('numbers and days that a member makes up', function () {
  this.timeout(60_000);
  let database: SharedDatabase;
  let quota: SharedQuota;
  let member: pg.Client;

  before(async () => {
    database = await SharedDatabase.make();
    member = await database.connect();
  });
  beforeEach(async () => {
    await database.empty(Date.UTC(2026, 4, 5, 12));
    quota = database.open();
    await database.admin.query(`INSERT INTO agent_quota.plan (plan_id) VALUES ('plan') ON CONFLICT DO NOTHING;
      INSERT INTO agent_quota.scope (plan_id, scope_id, set_limits)
        VALUES ('plan', 'plan', '{"tokensPerMinute": 1000, "tokensPerDay": 1000, "slots": 1}');
      INSERT INTO agent_quota.bucket (plan_id, scope_id, dimension)
        SELECT 'plan', 'plan', unnest(agent_quota.dimensions())`);
  });
  after(() => database.close());

  const asked = (part: object, epoch?: number): string =>
    JSON.stringify({
      planId: 'plan',
      machine: identity('evil'),
      epoch,
      dayKey: '2026-05-05',
      scopes: [{ scopeId: 'plan', set: {}, consumed: {}, returned: {}, held: {}, needs: {}, wants: {}, ...part }],
    });
  const noNumber = (error: unknown): boolean =>
    error instanceof Error && error.message.includes('none that can be counted with');

  for (const amount of ['NaN', 'Infinity', '-Infinity', 1e300]) {
    it(`are refused in an ask, and change nothing: ${amount}`, async () => {
      // What is given back counts by an epoch that is known.
      await member.query('SELECT agent_quota.renew(1, $1)', [asked({})]);
      for (const name of ['consumed', 'returned', 'held', 'needs', 'wants', 'set']) {
        const part = { [name]: { tokensPerMinute: amount } };
        await assert.rejects(member.query('SELECT agent_quota.renew(1, $1)', [asked(part, 1)]), noNumber, name);
      }
      await assert.rejects(member.query('SELECT agent_quota.renew(1, $1)', [asked({ weight: amount })]), noNumber);
      const grant = await new FakeMachine(quota, 'honest').ask({ tokensPerMinute: 1000 });
      assert.deepEqual([grant.granted.tokensPerMinute, grant.used.tokensPerMinute], [1000, 0]);
    });

    it(`are refused in what the upstream is said to have told: ${amount}`, async () => {
      const window = { name: 'fiveHour', utilization: 0.5, resetsAt: 1, rejected: false, reportedAt: 1 };
      for (const report of [
        { limits: [{ dimension: 'tokensPerMinute', limit: 1000, remaining: amount }] },
        { limits: [{ dimension: 'tokensPerMinute', limit: amount, remaining: 0 }] },
        { limits: [], retryAfterMs: amount },
        { limits: [], windows: [{ ...window, utilization: amount }] },
        { limits: [], windows: [{ ...window, resetsAt: amount }] },
      ]) {
        const told = JSON.stringify({ windows: [], limited: false, ...report });
        await assert.rejects(member.query("SELECT agent_quota.observe(1, 'plan', 'plan', $1)", [told]), noNumber, told);
      }
    });
  }

  it('keep nobody from the plan for hours', async () => {
    const evil = new FakeMachine(quota, 'evil');
    await evil.ask();
    evil.use({ tokensPerMinute: 1e14 });
    await evil.ask();
    await database.advance(11 * 60_000);
    const grant = await new FakeMachine(quota, 'honest').ask({ tokensPerMinute: 1000 });
    assert.equal(grant.granted.tokensPerMinute, 1000);
  });

  it('make no second day of one by another spelling', async () => {
    const first = new FakeMachine(quota, 'first');
    await first.ask({ tokensPerDay: 1000 });
    first.use({ tokensPerDay: 1000 });
    await first.ask();
    for (const dayKey of ['20260505', '2026-5-5', '2026-05-05 ', 'May 5 2026', '2026-05-05 00:00:01']) {
      const other = new FakeMachine(quota, `with ${dayKey}`, { dayKey });
      await assert.rejects(other.ask({ tokensPerDay: 1000 }), SharedQuotaError, dayKey);
    }
    assert.equal((await new FakeMachine(quota, 'last').ask({ tokensPerDay: 1 })).granted.tokensPerDay, 0);
  });

  it('spoil no history', async () => {
    const entry = (position: number, inputTokens: number, at = 1000): UsageDelivery => ({
      ...{ position, at, planId: 'plan', sessionId: 's', agentId: 'a', model: 'm', requestId: `r${position}` },
      usage: { inputTokens, cacheCreation5mTokens: 0, cacheCreation1hTokens: 0, cacheReadTokens: 0, outputTokens: 1 },
    });
    await assert.rejects(quota.deliver({ machine: identity('evil'), entries: [entry(1, 2e12)] }), SharedQuotaError);
    await assert.rejects(quota.deliver({ machine: identity('evil'), entries: [entry(1, 1, 1e300)] }), SharedQuotaError);
    await quota.deliver({ machine: identity('evil'), entries: [1, 2, 3].map((position) => entry(position, 1e12)) });
    const [sum] = await quota.usage('plan', 0, 1e15, 1e15, 'agent');
    assert.equal(sum?.usage.inputTokens, 3e12);
  });
});
