import pg, { type ClientConfig } from 'pg';
import * as z from 'zod';
import type { Clock } from '../core/clock.ts';
import type { SharedNotice } from '../core/sharedQuota.ts';
import { protocol, schemaName } from './schemaName.ts';

/** The first wait before connecting again, and the longest, in milliseconds. */
const firstWaitMs = 250;
const longestWaitMs = 30_000;
/** How often the connection is tried: one that was cut without a word looks as if nothing happened. In milliseconds. */
const tryEveryMs = 20_000;

const channelSchema = z.object({ channel: z.string() });

/** What a listener works with. */
export interface NoticeListenerParts {
  /** @throws where no connection can be tried now. */
  readonly options: () => ClientConfig;
  readonly clock: Clock;
  readonly tell: (notice: SharedNotice) => void;
  /** Hears why there is no connection, once until there is one again. */
  readonly lost: (cause: unknown) => void;
}

/**
 * Listens on a connection of its own for what the shared ledger tells, and connects again when it is lost. The waits
 * grow, with chance in them: a server that comes back is not met by all machines at once.
 */
export class NoticeListener {
  readonly #parts: NoticeListenerParts;
  readonly #plans = new Map<string, string | undefined>();
  readonly #ownMachines = new Set<string>();
  #client: pg.Client | undefined;
  #connecting: Promise<void> | undefined;
  #cancelTimer: () => void = () => undefined;
  #waitMs = firstWaitMs;
  #mayHaveMissed = false;
  #hasComplained = false;
  #isClosed = false;

  constructor(parts: NoticeListenerParts) {
    this.#parts = parts;
  }

  /** Listens for a plan's changes from now on, as one of its machines where that is named. */
  follow(planId: string, machineId?: string): void {
    if (machineId !== undefined) this.#ownMachines.add(machineId);
    if (this.#plans.has(planId) || this.#isClosed) return;
    this.#plans.set(planId, undefined);
    const client = this.#client;
    if (client === undefined) this.#connect();
    else {
      this.#listen(client, planId).catch((cause: unknown) => {
        this.#lose(client, cause);
      });
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#cancelTimer();
    await this.#connecting;
    const client = this.#client;
    this.#client = undefined;
    await client?.end().catch(() => undefined);
  }

  #connect(): void {
    this.#connecting ??= this.#open().finally(() => {
      this.#connecting = undefined;
    });
  }

  async #open(): Promise<void> {
    let client: pg.Client | undefined;
    try {
      client = new pg.Client(this.#parts.options());
      const mine = client;
      client.on('error', (cause) => {
        this.#lose(mine, cause);
      });
      client.on('end', () => {
        this.#lose(mine, new Error('Connection terminated'));
      });
      client.on('notification', ({ channel, payload }) => {
        this.#hear(channel, payload ?? '');
      });
      await client.connect();
      for (const planId of this.#plans.keys()) await this.#listen(client, planId);
    } catch (cause) {
      this.#retry(cause);
      // One that was never connected may never end.
      client?.end().catch(() => undefined);
      return;
    }
    if (this.#isClosed) {
      await client.end().catch(() => undefined);
      return;
    }
    this.#client = client;
    this.#waitMs = firstWaitMs;
    this.#hasComplained = false;
    this.#tryLater(client);
    if (this.#mayHaveMissed) this.#parts.tell({ kind: 'reconnected' });
    this.#mayHaveMissed = false;
    // One that was asked for while this was connecting.
    for (const [planId, channel] of this.#plans) {
      if (channel === undefined)
        await this.#listen(client, planId).catch((cause: unknown) => {
          this.#lose(client, cause);
        });
    }
  }

  async #listen(client: pg.Client, planId: string): Promise<void> {
    const { rows } = await client.query(`SELECT ${schemaName}.channel_of($1, $2) AS channel`, [protocol, planId]);
    const { channel } = channelSchema.parse(rows[0]);
    await client.query(`LISTEN ${pg.escapeIdentifier(channel)}`);
    this.#plans.set(planId, channel);
  }

  #hear(channel: string, payload: string): void {
    const planId = [...this.#plans].find(([, known]) => known === channel)?.[0];
    if (planId === undefined) return;
    const [kind, machineId] = payload.split(' ');
    if (kind === 'room' && (machineId === undefined || this.#ownMachines.has(machineId))) {
      this.#parts.tell({ kind, planId });
    } else if (kind === 'machines' && (machineId === undefined || !this.#ownMachines.has(machineId))) {
      this.#parts.tell({ kind, planId });
    }
  }

  #tryLater(client: pg.Client): void {
    this.#cancelTimer();
    this.#cancelTimer = this.#parts.clock.after(tryEveryMs, () => {
      client.query('SELECT 1').then(
        () => {
          if (client === this.#client) this.#tryLater(client);
        },
        (cause: unknown) => {
          this.#lose(client, cause);
        },
      );
    });
  }

  #lose(client: pg.Client, cause: unknown): void {
    if (client !== this.#client) return;
    this.#client = undefined;
    client.end().catch(() => undefined);
    this.#retry(cause);
  }

  #retry(cause: unknown): void {
    this.#cancelTimer();
    for (const planId of this.#plans.keys()) this.#plans.set(planId, undefined);
    if (this.#isClosed) return;
    this.#mayHaveMissed = true;
    if (!this.#hasComplained) this.#parts.lost(cause);
    this.#hasComplained = true;
    const waitMs = this.#waitMs * (0.5 + Math.random() / 2);
    this.#waitMs = Math.min(longestWaitMs, this.#waitMs * 2);
    this.#cancelTimer = this.#parts.clock.after(waitMs, () => {
      this.#connect();
    });
  }
}
