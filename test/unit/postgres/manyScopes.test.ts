import assert from 'node:assert/strict';
import type { LeaseAmounts, LeaseGrant, LeaseLimits, ScopeAsk, SharedQuota } from '../../../src/core/sharedQuota.ts';
import { SharedDatabase } from '../../support/sharedDatabase.ts';
import { amounts, FakeMachine, identity } from './fakeMachine.ts';

type Given = Partial<LeaseAmounts>;

const group = 'plan/model/opus';
const agent = 'plan/agent/reviewer';
const limits = {
  plan: { requestsPerMinute: 60, tokensPerMinute: 6000, slots: 4 },
  [group]: { tokensPerMinute: 2000 },
  [agent]: { tokensPerMinute: 3000, slots: 2 },
} as const satisfies Record<string, LeaseLimits>;
type ScopeId = keyof typeof limits;

describe('leases in PostgreSQL of several scopes in one ask', function () {
  this.timeout(60_000);
  let database: SharedDatabase;
  let quota: SharedQuota;

  before(async () => {
    database = await SharedDatabase.make();
  });
  beforeEach(async () => {
    await database.empty(Date.UTC(2026, 4, 5, 12));
    quota = database.open();
  });
  afterEach(() => quota.close());
  after(() => database.close());

  /** Asks for the same of the plan, a group of models and an agent, as a request does that comes under all of them. */
  async function ask(
    id: string,
    needs: Partial<Record<ScopeId, Given>>,
    held: Partial<Record<ScopeId, Given>> = {},
  ): Promise<LeaseGrant> {
    const scopes = (Object.keys(limits) as ScopeId[]).map((scopeId): ScopeAsk => ({
      scopeId,
      set: limits[scopeId],
      consumed: amounts(),
      returned: amounts(),
      held: amounts(held[scopeId]),
      needs: amounts(needs[scopeId]),
      wants: amounts(needs[scopeId]),
      weight: 1,
    }));
    return quota.renew({ planId: 'plan', machine: identity(id), epoch: 1, dayKey: '2026-05-05', scopes });
  }

  const granted = ({ scopes }: LeaseGrant, dimension: keyof LeaseAmounts): number[] =>
    scopes.map((scope) => scope.granted[dimension]);

  /** In which scopes a machine's tokens fit and are kept back because they do not in another. */
  async function blocked(id: string): Promise<string[]> {
    const { rows } = await database.admin.query<{ scope_id: string }>(
      `SELECT scope_id FROM agent_quota.part WHERE machine_id = $1 AND is_blocked ORDER BY 1`,
      [id],
    );
    return rows.map(({ scope_id }) => scope_id);
  }

  const request = (tokensPerMinute: number): Partial<Record<ScopeId, Given>> => ({
    plan: { requestsPerMinute: 1, tokensPerMinute },
    [group]: { tokensPerMinute },
    [agent]: { tokensPerMinute },
  });

  it('grants a request in all of them', async () => {
    assert.deepEqual(granted(await ask('a', request(1500)), 'tokensPerMinute'), [1500, 1500, 1500]);
    assert.deepEqual(await blocked('a'), []);
  });

  it('grants nothing of the plan where none of the others has room, and keeps no more than is needed from others', async () => {
    await ask('a', { plan: { tokensPerMinute: 2000 }, [group]: { tokensPerMinute: 2000 } });
    const none = await ask('b', { plan: { tokensPerMinute: 500 }, [group]: { tokensPerMinute: 500 } });
    assert.deepEqual(granted(none, 'tokensPerMinute'), [0, 0, 0]);
    assert.deepEqual(await blocked('b'), ['plan']);
    // 6000 are the plan's, of which 2000 are leased; b waits with 500 and goes first.
    const other = new FakeMachine(quota, 'c', { set: limits.plan });
    assert.equal((await other.ask({ tokensPerMinute: 3600 })).granted.tokensPerMinute, 0);
    assert.equal((await other.ask({ tokensPerMinute: 3500 })).granted.tokensPerMinute, 3500);
  });

  it('grants what one of the others has where the third has no room', async () => {
    await ask('a', { plan: { tokensPerMinute: 2000 }, [group]: { tokensPerMinute: 2000 } });
    // Two requests wait: one under the group, which is used up, and one under the agent, which is not.
    const some = await ask('b', {
      plan: { tokensPerMinute: 900 },
      [group]: { tokensPerMinute: 400 },
      [agent]: { tokensPerMinute: 500 },
    });
    assert.deepEqual(granted(some, 'tokensPerMinute'), [900, 0, 500]);
    assert.deepEqual(await blocked('b'), []);
  });

  it('grants nothing of the group and the agent where the plan has no room', async () => {
    await ask('a', { plan: { tokensPerMinute: 5900 } });
    assert.deepEqual(granted(await ask('b', request(500)), 'tokensPerMinute'), [0, 0, 0]);
    assert.deepEqual(await blocked('b'), ['plan', agent, group].sort());
  });

  it('grants those slots that there are in both, some of which others hold', async () => {
    await ask('a', { plan: { slots: 1 }, [agent]: { slots: 1 } });
    await ask('a', {}, { plan: { slots: 1 }, [agent]: { slots: 1 } });
    const part = await ask('b', { plan: { slots: 5 }, [agent]: { slots: 5 } });
    assert.deepEqual(granted(part, 'slots'), [3, 0, 1]);
    // Who holds some gets no more, and loses none.
    const again = await ask(
      'a',
      { plan: { slots: 2 }, [agent]: { slots: 2 } },
      { plan: { slots: 1 }, [agent]: { slots: 1 } },
    );
    assert.deepEqual(granted(again, 'slots'), [1, 0, 1]);
  });
});
