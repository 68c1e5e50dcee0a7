import type { ClientBase } from 'pg';
import * as z from 'zod';
import type { LedgerAnswer, LedgerWish } from '../shared/ledgerWish.ts';
import { schemaName } from './schemaName.ts';

type LimitsWish = LedgerWish & { readonly action: 'limits' };

/** Sets limits of a plan, the role it is for, or how long leases last. For the owner of the ledger. */
export async function setLimits(client: ClientBase, wish: LimitsWish): Promise<void> {
  await client.query('BEGIN');
  try {
    await client.query(`SET LOCAL search_path = ${schemaName}, pg_temp`);
    if (wish.leaseSeconds !== undefined)
      await client.query('UPDATE setting SET lease_ms = $1', [wish.leaseSeconds * 1000]);
    if (wish.planId !== undefined) await setPlan(client, wish.planId, wish);
    await client.query('COMMIT');
  } catch (error) {
    await client.query('ROLLBACK').catch(() => undefined);
    throw error;
  }
}

async function setPlan(client: ClientBase, planId: string, { set, scope, role }: LimitsWish): Promise<void> {
  await client.query('INSERT INTO plan (plan_id) VALUES ($1) ON CONFLICT DO NOTHING', [planId]);
  await client.query('SELECT FROM plan WHERE plan_id = $1 FOR NO KEY UPDATE', [planId]);
  if (role !== undefined) {
    await client.query('UPDATE plan SET members = $2 WHERE plan_id = $1', [planId, role]);
    await client.query('SELECT open_to($1)', [role]);
  }
  const scopeId = scope === undefined ? planId : `${planId}/${scope}`;
  await client.query('SELECT make_scopes($1, ARRAY[$2])', [planId, scopeId]);
  await client.query(
    `UPDATE scope SET set_limits = jsonb_strip_nulls(set_limits || $3) WHERE plan_id = $1 AND scope_id = $2`,
    [planId, scopeId, JSON.stringify(set)],
  );
  // What the owner takes away is gone at once; buckets keep a size without limits only for machines that are away.
  const taken = Object.entries(set).flatMap(([dimension, limit]) => (limit === null ? [dimension] : []));
  await client.query('UPDATE bucket SET size = NULL WHERE plan_id = $1 AND scope_id = $2 AND dimension = ANY ($3)', [
    planId,
    scopeId,
    taken,
  ]);
  await client.query(`SELECT refill($1, ARRAY[$2], clock()), tell($1, 'room', NULL)`, [planId, scopeId]);
}

const limitRow = z.object({
  plan_id: z.string(),
  members: z.string(),
  machines: z.coerce.number(),
  scope_id: z.string().nullable(),
  dimension: z.string().nullable(),
  set: z.number().nullable(),
  reported: z.number().nullable(),
  size: z.number().nullable(),
  used: z.number().nullable(),
  leased: z.number().nullable(),
});
type LimitRow = z.infer<typeof limitRow>;

/** Shows the limits of a plan, or of all. For the owner of the ledger. */
export async function shownLimits(client: ClientBase, planId: string | undefined): Promise<LedgerAnswer> {
  const setting = await client.query(`SELECT lease_ms / 1000 AS seconds FROM ${schemaName}.setting`);
  const { seconds } = z.object({ seconds: z.number() }).parse(setting.rows[0]);
  const { rows } = await client.query(
    `SELECT p.plan_id, coalesce(p.members, s.members) AS members,
       (SELECT count(*) FROM ${schemaName}.lease l WHERE l.plan_id = p.plan_id AND NOT l.is_over) AS machines,
       b.scope_id, b.dimension, (c.set_limits->>b.dimension)::float8 AS set, (c.reported->>b.dimension)::float8 AS reported,
       b.size, ${schemaName}.refilled(b.used, b.at, b.size, ${schemaName}.clock()) AS used,
       (SELECT sum(o.leased) FROM ${schemaName}.part o
         WHERE (o.plan_id, o.scope_id, o.dimension) = (b.plan_id, b.scope_id, b.dimension)) AS leased
     FROM ${schemaName}.setting s CROSS JOIN ${schemaName}.plan p
     LEFT JOIN ${schemaName}.bucket b ON b.plan_id = p.plan_id AND b.size IS NOT NULL
     LEFT JOIN ${schemaName}.scope c ON c.plan_id = b.plan_id AND c.scope_id = b.scope_id
     WHERE $1::text IS NULL OR p.plan_id = $1
     ORDER BY p.plan_id, b.scope_id, array_position(${schemaName}.dimensions(), b.dimension)`,
    [planId],
  );
  const limits = z.array(limitRow).parse(rows);
  if (planId !== undefined && limits.length === 0) return unknownPlan(planId);
  const plans = [...new Set(limits.map((row) => row.plan_id))].map((id) => limits.filter((row) => row.plan_id === id));
  return {
    text: plans.length === 0 ? 'No machine has asked for a plan yet.\n' : plans.map(planText).join('\n'),
    part: { leaseSeconds: seconds, plans: plans.map(planPart) },
  };
}

function unknownPlan(planId: string): LedgerAnswer {
  return {
    text: '',
    part: {},
    error: {
      code: 'no-plan',
      message: `There is no plan "${planId}".`,
      nextStep:
        'agent-quota ledger limits lists them: a plan is there once a machine has asked for it, or a limit was set.',
    },
  };
}

function planText(rows: readonly LimitRow[]): string {
  const [first] = rows;
  if (first === undefined) return '';
  const head = `${first.plan_id}: for ${first.members}, ${first.machines} machines with a lease\n`;
  const lines = limited(rows).map(({ scope_id, dimension, size, set, used, leased }) => {
    const whose = scope_id === first.plan_id ? '' : `${scope_id?.slice(first.plan_id.length + 1) ?? ''} `;
    const isSet = set === null ? '' : `, ${set} set`;
    return `  ${whose}${dimension ?? ''}: ${size ?? 0}${isSet}; ${Math.round(used ?? 0)} used, ${Math.round(leased ?? 0)} leased\n`;
  });
  return `${head}${lines.length === 0 ? '  no limits are known\n' : lines.join('')}`;
}

function planPart(rows: readonly LimitRow[]): Readonly<Record<string, unknown>> {
  const [first] = rows;
  return {
    planId: first?.plan_id,
    members: first?.members,
    machines: first?.machines,
    limits: limited(rows).map(({ scope_id, dimension, set, reported, size, used, leased }) => ({
      scopeId: scope_id,
      dimension,
      limit: size,
      ...(set !== null && { set }),
      ...(reported !== null && { reported }),
      used: dimension === 'slots' || dimension === 'tokensPerDay' ? undefined : used,
      leased: leased ?? 0,
    })),
  };
}

function limited(rows: readonly LimitRow[]): LimitRow[] {
  return rows.filter(({ dimension }) => dimension !== null);
}
