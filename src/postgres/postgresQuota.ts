// The client library is `pg` (node-postgres): the one that most of Node.js's programs use, released all the time, with
// prepared statements by name, TLS options passed on whole, and SCRAM. `postgres` (porsager) is leaner, and had no
// release for long; its way to write statements is of no use where every call is one function.
import pg from 'pg';
import * as z from 'zod';
import type { LimitReport } from '../core/admission.ts';
import type { Clock } from '../core/clock.ts';
import { Listeners } from '../core/listeners.ts';
import type { Logger } from '../core/logger.ts';
import type {
  LeaseAsk,
  LeaseGrant,
  PublishedMachine,
  SeenMachine,
  SharedNotice,
  SharedQuota,
  SharedUsageSum,
  UsageBatch,
} from '../core/sharedQuota.ts';
import type { UsageDetail } from '../core/usageSum.ts';
import { grantSchema, machineRow, usageRow } from './answerSchemas.ts';
import { connectionOptions } from './connectionOptions.ts';
import { sharedQuotaError } from './diagnosis.ts';
import { type LedgerAddress, shownAddress } from './ledgerAddress.ts';
import { NoticeListener } from './noticeListener.ts';
import { protocol, schemaName } from './schemaName.ts';

/** What the shared quota works with. */
export interface PostgresQuotaParts {
  readonly address: LedgerAddress;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Calls at once: a long look into history must not keep a lease waiting. */
const mostConnections = 3;
const idleMs = 60_000;

/** Opens the quota that a PostgreSQL database shares. Nothing is connected before the first call. */
export function openPostgresQuota(parts: PostgresQuotaParts): SharedQuota {
  return new PostgresQuota(parts);
}

class PostgresQuota implements SharedQuota {
  readonly #address: LedgerAddress;
  readonly #logger: Logger;
  readonly #notices = new Listeners<[SharedNotice]>();
  readonly #listener: NoticeListener;
  #pool: pg.Pool | undefined;
  #closed: Promise<void> | undefined;

  constructor({ address, clock, logger }: PostgresQuotaParts) {
    this.#address = address;
    this.#logger = logger;
    this.#listener = new NoticeListener({
      options: () => connectionOptions(address),
      clock,
      tell: this.#notices.tell,
      lost: (cause) => {
        const { message } = sharedQuotaError(cause, address);
        logger.info(`Notices of the shared ledger do not come now; its connection is tried again. ${message}`);
      },
    });
  }

  async renew(ask: LeaseAsk): Promise<LeaseGrant> {
    const rows = await this.#call('renew', [JSON.stringify(ask)], z.object({ answer: grantSchema }));
    this.#listener.follow(ask.planId, ask.machine.machineId);
    return one(rows).answer;
  }

  async observe(planId: string, scopeId: string, report: LimitReport): Promise<void> {
    await this.#call('observe', [planId, scopeId, JSON.stringify(report)], z.unknown());
  }

  async deliver(batch: UsageBatch): Promise<number> {
    const rows = await this.#call('deliver', [JSON.stringify(batch)], z.object({ answer: z.coerce.number() }));
    return one(rows).answer;
  }

  async publish({ machine, planId, body }: PublishedMachine): Promise<void> {
    await this.#call('publish', [JSON.stringify(machine), planId, body], z.unknown());
    this.#listener.follow(planId, machine.machineId);
  }

  async machines(planId: string): Promise<readonly SeenMachine[]> {
    const rows = await this.#call('machines', [planId], machineRow, 'rows');
    this.#listener.follow(planId);
    return rows.map(({ machine_id, name, user_name, body, age_ms }) => ({
      machine: { machineId: machine_id, name, user: user_name },
      planId,
      body,
      ageMs: age_ms,
    }));
  }

  async usage(
    planId: string,
    from: number,
    to: number,
    stepMs: number,
    detail: UsageDetail,
  ): Promise<readonly SharedUsageSum[]> {
    const values = [planId, from, to, stepMs, detail === 'session'];
    const rows = await this.#call('usage_sums', values, usageRow, 'rows');
    return rows.map((row) => ({
      at: row.at,
      planId,
      machineId: row.machine_id,
      agentId: row.agent_id,
      sessionId: row.session_id ?? undefined,
      model: row.model ?? undefined,
      isLong: row.is_long,
      requests: row.requests,
      usage: {
        inputTokens: row.input_tokens,
        cacheCreation5mTokens: row.cache_creation_5m_tokens,
        cacheCreation1hTokens: row.cache_creation_1h_tokens,
        cacheReadTokens: row.cache_read_tokens,
        outputTokens: row.output_tokens,
      },
    }));
  }

  onNotice(listener: (notice: SharedNotice) => void): () => void {
    return this.#notices.add(listener);
  }

  close(): Promise<void> {
    this.#closed ??= this.#end();
    return this.#closed;
  }

  async #end(): Promise<void> {
    await Promise.all([this.#listener.close(), this.#pool?.end()]);
  }

  /** Calls one of the schema's functions, by a statement that is prepared once for each connection. */
  async #call<T>(
    name: string,
    values: readonly unknown[],
    row: z.ZodType<T>,
    shape: 'value' | 'rows' = 'value',
  ): Promise<T[]> {
    const places = ['$1', ...values.map((_, index) => `$${index + 2}`)].join(', ');
    const call = `${schemaName}.${name}(${places})`;
    const text = shape === 'value' ? `SELECT ${call} AS answer` : `SELECT * FROM ${call}`;
    try {
      const { rows } = await this.#connections().query({ name, text, values: [protocol, ...values] });
      return z.array(row).parse(rows);
    } catch (error) {
      throw sharedQuotaError(error, this.#address);
    }
  }

  #connections(): pg.Pool {
    if (this.#closed !== undefined) throw new Error('Connection terminated: the shared ledger is closed');
    if (this.#pool === undefined) {
      this.#pool = new pg.Pool({
        ...connectionOptions(this.#address),
        max: mostConnections,
        idleTimeoutMillis: idleMs,
      });
      // Of connections that nobody uses at the moment: the next call takes another.
      this.#pool.on('error', (error) => {
        this.#logger.debug(
          `A connection to the shared ledger at ${shownAddress(this.#address)} ended: ${error.message}`,
        );
      });
    }
    return this.#pool;
  }
}

function one<T>([row]: readonly T[]): T {
  if (row === undefined) throw new Error('The shared ledger answered nothing.');
  return row;
}
