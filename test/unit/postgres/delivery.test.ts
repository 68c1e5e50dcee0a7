import assert from 'node:assert/strict';
import { SharedQuotaError, type SharedQuota, type UsageDelivery } from '../../../src/core/sharedQuota.ts';
import { SharedDatabase } from '../../support/sharedDatabase.ts';
import { startPostgresServer } from '../../support/postgresServer.ts';
import { FakeMachine, identity } from './fakeMachine.ts';

const machine = identity('m');

describe('usage and machines in PostgreSQL', function () {
  this.timeout(60_000);
  let database: SharedDatabase;
  let quota: SharedQuota;

  beforeEach(async () => {
    database = await SharedDatabase.make();
    quota = database.open();
  });
  afterEach(() => database.close());

  const requestIds = async (): Promise<string[]> => {
    const { rows } = await database.admin.query<{ request_id: string }>(
      'SELECT request_id FROM agent_quota.usage ORDER BY usage_id',
    );
    return rows.map((row) => row.request_id);
  };

  it('takes each request once, whatever comes again', async () => {
    assert.equal(await quota.deliver({ machine, entries: [] }), -1);
    assert.equal(await quota.deliver({ machine, entries: [entry(0), entry(3)] }), 3);
    assert.equal(await quota.deliver({ machine, entries: [entry(0), entry(3), entry(4)] }), 4);
    // One that was on the way for long comes after later ones.
    assert.equal(await quota.deliver({ machine, entries: [entry(0), entry(3)] }), 4);
    assert.equal(await quota.deliver({ machine, entries: [] }), 4);
    assert.deepEqual(await requestIds(), ['r0', 'r3', 'r4']);
    // Two windows of a machine may both deliver, and the upstream's id tells of a request that two machines saw.
    await Promise.all(
      [7, 7, 7, 7].map((last) => database.open().deliver({ machine, entries: [entry(5), entry(last)] })),
    );
    await quota.deliver({ machine: identity('other'), entries: [entry(5), entry(50)] });
    assert.deepEqual(await requestIds(), ['r0', 'r3', 'r4', 'r5', 'r7', 'r50']);
  });

  it('takes all of a batch or nothing', async () => {
    const wrong = { ...entry(2), usage: { ...entry(2).usage, outputTokens: -1 } };
    await assert.rejects(quota.deliver({ machine, entries: [entry(1), wrong] }));
    assert.equal(await quota.deliver({ machine, entries: [entry(1)] }), 1);
    assert.deepEqual(await requestIds(), ['r1']);
  });

  it('sums what machines used by step, agent or session, model and length', async () => {
    const entries = [
      entry(1, { at: 1000 }),
      entry(2, { at: 1999, sessionId: 's2' }),
      entry(3, { at: 2000, usage: usage(200_001, 5) }),
      entry(4, { at: 2500, model: undefined, requestId: undefined }),
      entry(5, { at: 3000 }),
      entry(6, { at: 1500, planId: 'another' }),
    ];
    await quota.deliver({ machine, entries });
    const byAgent = await quota.usage('plan', 1000, 3000, 1000, 'agent');
    const shape = (sum: (typeof byAgent)[number]): unknown[] => [
      sum.at,
      sum.sessionId,
      sum.model,
      sum.isLong,
      sum.requests,
      sum.usage.inputTokens,
      sum.usage.outputTokens,
      sum.machineId,
    ];
    const sorted = (sums: typeof byAgent): unknown[][] =>
      sums.map(shape).sort((a, b) => JSON.stringify(a).localeCompare(JSON.stringify(b)));
    assert.deepEqual(
      sorted(byAgent),
      sorted([
        { ...sample, at: 1000, requests: 2, usage: usage(20, 2) },
        { ...sample, at: 2000, isLong: true, usage: usage(200_001, 5) },
        { ...sample, at: 2000, model: undefined },
      ]),
    );
    const bySession = await quota.usage('plan', 1000, 2000, 1000, 'session');
    assert.deepEqual(bySession.map(({ sessionId }) => sessionId).sort(), ['s', 's2']);
  });

  it('lets machines lease, deliver, show and report at the same time: no call waits for another in a circle', async () => {
    const rounds = 30;
    const limit = { dimension: 'tokensPerMinute', limit: 1e6, remaining: 1e6, resetsAt: undefined } as const;
    const report = { limits: [limit], windows: [], limited: false, retryAfterMs: undefined, model: undefined };
    const machines = await Promise.all(
      Array.from({ length: 6 }, async (_, index) => {
        const own = database.open();
        const id = `m${index}`;
        const set = { tokensPerMinute: 1e6 };
        for (let round = 0; round < rounds; round += 1) {
          // A new scope refers to the plan, and what a machine used of it today to the machine, as each delivery does.
          const leases = new FakeMachine(own, id, { set, scopeId: `plan/agent/${round}` });
          leases.use({ tokensPerDay: 1 });
          const requestId = `${id} ${round}`;
          await Promise.all([
            leases.ask({ tokensPerMinute: 10 }),
            own.deliver({ machine: identity(id), entries: [entry(round, { requestId })] }),
            own.publish({ machine: identity(id), planId: 'plan', body: `${round}` }),
            own.observe('plan', 'plan', report),
          ]);
        }
        return id;
      }),
    );
    const sums = await quota.usage('plan', 0, 1e15, 1e15, 'agent');
    assert.deepEqual(
      sums.map(({ machineId, requests }) => [machineId, requests]).sort(),
      machines.map((id) => [id, rounds]),
    );
  });

  it('shows machines to one another until they are gone for long', async () => {
    await quota.publish({ machine, planId: 'plan', body: '{"sessions":1}' });
    await new FakeMachine(quota, 'm').ask();
    await database.advance(200_000);
    await quota.publish({ machine: identity('n'), planId: 'plan', body: '2' });
    const ages = async (): Promise<unknown[]> =>
      (await quota.machines('plan')).map(({ machine: { machineId }, ageMs }) => [machineId, ageMs]).sort();
    assert.deepEqual(await ages(), [
      ['m', 200_000],
      ['n', 0],
    ]);
    // Whoever renews is there.
    await new FakeMachine(quota, 'm').ask();
    assert.deepEqual(await ages(), [
      ['m', 0],
      ['n', 0],
    ]);
    await database.advance(299_999);
    await quota.publish({ machine, planId: 'plan', body: '3' });
    await database.advance(1);
    assert.deepEqual(
      (await quota.machines('plan')).map(({ body }) => body),
      ['3'],
    );
  });

  it('takes in for all what the upstream said to one', async () => {
    const a = new FakeMachine(quota, 'a', { set: { requestsPerMinute: 100, tokensPerMinute: 10_000 } });
    await a.ask({ tokensPerMinute: 1000 });
    const silent = { limits: [], retryAfterMs: undefined, limited: true, model: undefined, windows: [] };
    await quota.observe('plan', 'plan', silent);
    await quota.observe('plan', 'plan', silent);
    assert.equal((await a.ask()).limits.tokensPerMinute, 7000);
    const limit = { dimension: 'tokensPerMinute', limit: 8000, remaining: 2000, resetsAt: undefined } as const;
    await quota.observe('plan', 'plan', { ...silent, limits: [limit], retryAfterMs: 3_600_000 });
    const told = await a.ask();
    // 8000 less 2000 that are left, 500 of rounding and 1000 that may not be counted yet.
    assert.deepEqual(
      [told.used.tokensPerMinute, told.reported.tokensPerMinute, told.pausedForMs],
      [4500, 8000, 600_000],
    );
    // Known by the upstream, so what machines set for themselves is their own affair.
    assert.equal(told.limits.tokensPerMinute, 8000);
    const window = { name: 'fiveHour', utilization: 0.5, resetsAt: 5, rejected: false, reportedAt: 1 } as const;
    await quota.observe('plan', 'plan', { ...silent, windows: [window, { ...window, name: 'sevenDay' }] });
    await quota.observe('plan', 'plan', { ...silent, windows: [{ ...window, utilization: 0.6 }] });
    const { windows } = await a.ask();
    assert.deepEqual(
      windows.map(({ name, utilization }) => [name, utilization]),
      [
        ['sevenDay', 0.5],
        ['fiveHour', 0.6],
      ],
    );
    await database.advance(600_000);
    assert.equal((await a.ask()).pausedForMs, 0);
  });
});

describe('a PostgreSQL that is stopped and started', function () {
  this.timeout(120_000);

  it('is away meanwhile, loses and doubles nothing, and tells that notices may have been missed', async () => {
    const server = await startPostgresServer();
    const database = await SharedDatabase.make(undefined, server);
    try {
      const quota = database.open();
      const notices: string[] = [];
      quota.onNotice(({ kind }) => notices.push(kind));
      const a = new FakeMachine(quota, 'm', { set: { tokensPerMinute: 100 } });
      await a.ask({ tokensPerMinute: 60 });
      await quota.deliver({ machine, entries: [entry(1)] });
      await server.crash();
      await assert.rejects(quota.deliver({ machine, entries: [entry(2)] }), { kind: 'away' });
      await server.start();
      assert.equal(await whenThere(() => quota.deliver({ machine, entries: [entry(1), entry(2)] })), 2);
      const grant = await a.ask();
      assert.deepEqual([grant.granted.tokensPerMinute, a.epoch], [60, 1]);
      const deadline = Date.now() + 30_000;
      while (!notices.includes('reconnected') && Date.now() < deadline)
        await new Promise((done) => setTimeout(done, 50));
      assert.ok(notices.includes('reconnected'));
      const sums = await quota.usage('plan', 0, 1e15, 1e15, 'agent');
      assert.deepEqual(
        sums.map(({ requests }) => requests),
        [2],
      );
      // Notices come again.
      const told = new Promise<void>((resolve) => {
        quota.onNotice(({ kind }) => {
          if (kind === 'machines') resolve();
        });
      });
      await database.open().publish({ machine: identity('n'), planId: 'plan', body: '' });
      await told;
      await quota.close();
      await assert.rejects(quota.machines('plan'), { kind: 'away' });
    } finally {
      await database.close();
      await server.stop();
    }
  });
});

/** Tries again while the database is away, as a machine does. */
async function whenThere<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof SharedQuotaError && error.kind === 'away') || attempt === 50) throw error;
      await new Promise((done) => setTimeout(done, 100));
    }
  }
}

function usage(inputTokens: number, outputTokens: number): UsageDelivery['usage'] {
  return { inputTokens, cacheCreation5mTokens: 0, cacheCreation1hTokens: 0, cacheReadTokens: 0, outputTokens };
}

function entry(position: number, other: Partial<UsageDelivery> = {}): UsageDelivery {
  const who = { planId: 'plan', sessionId: 's', agentId: 'agent', model: 'model' };
  return { position, at: 1000, requestId: `r${position}`, usage: usage(10, 1), ...who, ...other };
}

const sample = {
  at: 0,
  planId: 'plan',
  machineId: 'm',
  agentId: 'agent',
  sessionId: undefined,
  model: 'model',
  isLong: false,
  requests: 1,
  usage: usage(10, 1),
} as const;
