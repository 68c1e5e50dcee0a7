import { pathToFileURL } from 'node:url';
import type { SQLInputValue } from 'node:sqlite';
import type { BookedRequests, BookedTable } from '../core/bookedRequests.ts';
import { countingBit, type Counting } from './keptEntries.ts';
import type { Statements } from './statements.ts';
import type { TranscriptPlace } from './transcriptFiles.ts';
import { placeOf, usageColumns, type UsageSumRow, usageSumOf, type UsageSumValues } from './transcriptRows.ts';

/** The last moment that dates reach, in milliseconds since the epoch. */
const latest = 8.64e15;
/** Days begin and end with a quarter of an hour in every time zone of today. */
export const quarterMs = 900_000;

export interface SumQuestion {
  readonly counting: Counting;
  /** What is left out. */
  readonly booked: BookedRequests;
  /** Nothing from before, in milliseconds since the epoch; the first step begins then. */
  readonly from?: number | undefined;
  /** Nothing from then on. */
  readonly to?: number | undefined;
  /** The quarters of the clock's hours when left out. */
  readonly stepMs?: number | undefined;
}

/** Sums, and what the numbers in them stand for. */
export interface Sums {
  readonly rows: readonly UsageSumRow[];
  /** By transcript; those of one session and its subagents have one `placeId`. */
  readonly places: ReadonlyMap<number, TranscriptPlace & { readonly placeId: number }>;
  /** Empty for no model. */
  readonly models: ReadonlyMap<number, string>;
}

/** Then entries are added up, rather than kept sums that others make stale again and again. */
const mostAttempts = 5;
const keys = 'transcript_id, model_id, speed, is_long';
const sums = `count(*) AS requests, sum(cost_usd) AS cost_usd, ${usageColumns
  .split(', ')
  .map((column) => `sum(${column}) AS ${column}`)
  .join(', ')}`;

/** Sums up what transcripts say was used. */
export class TranscriptSums {
  readonly #statements: Statements;

  constructor(statements: Statements) {
    this.#statements = statements;
  }

  /** Sums of what counts and the ledger has not booked. */
  of(question: SumQuestion): Sums {
    const { counting, booked, stepMs } = question;
    const canBeKept = counting === 'all' && stepMs === undefined && !(booked.kind === 'ids' && booked.ids.size > 0);
    return this.#beside(booked, () => {
      for (let attempt = 0; ; attempt += 1) {
        const isKept = canBeKept && attempt < mostAttempts;
        if (isKept) this.#refresh(question);
        const sums = this.#statements.asOfOneMoment(() => {
          // Another window may have changed something since.
          if (isKept && this.#isStale(question)) return undefined;
          return { rows: isKept ? this.#kept(question) : this.#added(question), ...this.#names() };
        });
        if (sums !== undefined) return sums;
      }
    });
  }

  #names(): Omit<Sums, 'rows'> {
    const columns = 'project, project_path, session_id';
    const places = this.#statements.rows(
      `SELECT transcript_id, dense_rank() OVER (ORDER BY ${columns}) AS place_id, ${columns} FROM transcript`,
    );
    const models = this.#statements.rows('SELECT model_id, name FROM model');
    return {
      places: new Map(places.map(placeOf)),
      models: new Map(models.map((row) => [Number(row['model_id']), String(row['name'])])),
    };
  }

  /** Sums that are kept, for all but what is no whole quarter. */
  #kept(question: SumQuestion): UsageSumRow[] {
    const { from = 0, to = latest } = question;
    const [first, end] = [Math.ceil(from / quarterMs), Math.floor(to / quarterMs)];
    if (first >= end) return this.#added(question);
    const whole = `SELECT quarter * ${quarterMs} AS step, * FROM quarter_sum WHERE quarter >= ? AND quarter < ?`;
    return [
      ...(from < first * quarterMs ? this.#added({ ...question, from, to: first * quarterMs }) : []),
      ...this.#sums(whole, first, end),
      ...(to < latest ? this.#added({ ...question, from: end * quarterMs, to }) : []),
    ];
  }

  /** Adds entries up. */
  #added({ counting, booked, from = 0, to = latest, stepMs }: SumQuestion): UsageSumRow[] {
    const step = stepMs === undefined ? `quarter * ${quarterMs}` : 'CAST((at - ?1) / ?5 AS INTEGER) * ?5 + ?1';
    return this.#sums(
      `SELECT ${step} AS step, ${keys}, ${sums} FROM entry
       WHERE quarter >= CAST(?1 / ${quarterMs} AS INTEGER) AND quarter <= CAST(?2 / ${quarterMs} AS INTEGER)
         AND at >= ?1 AND at < ?2 AND kept_in & ?3 <> 0 AND NOT (${bookedCondition(booked)})
       GROUP BY ${stepMs === undefined ? 'quarter' : 'step'}, ${keys}`,
      ...[from, to, countingBit(counting), bookedValue(booked)],
      ...(stepMs === undefined ? [] : [stepMs]),
    );
  }

  /** Thousands of rows are read in a third of the time when they come as one. */
  #sums(sql: string, ...values: readonly SQLInputValue[]): UsageSumRow[] {
    const columns = `step, ${keys}, requests, cost_usd, ${usageColumns}`;
    const row = this.#statements.row(
      `SELECT json_group_array(json_array(${columns})) AS sums FROM (${sql})`,
      ...values,
    );
    return (JSON.parse(String(row?.['sums'])) as UsageSumValues[]).map(usageSumOf);
  }

  /** Sums up anew what has changed: by the transcripts, or in the ledger. */
  #refresh(question: SumQuestion): void {
    if (!this.#isStale(question)) return;
    const { counting, booked } = question;
    const table = tableOf(booked);
    this.#statements.atOnce(() => {
      if (this.#bookedMore(table)) this.#takeBooked(table);
      const ofStale = 'WHERE quarter IN (SELECT quarter FROM stale_quarter)';
      this.#statements.run(`DELETE FROM quarter_sum ${ofStale}`);
      this.#statements.run(
        `INSERT INTO quarter_sum (quarter, ${keys}, requests, cost_usd, ${usageColumns})
         SELECT quarter, ${keys}, ${sums} FROM entry ${ofStale} AND kept_in & ?3 <> 0 AND NOT (${bookedCondition(booked)})
         GROUP BY quarter, ${keys}`,
        ...[null, null, countingBit(counting), bookedValue(booked)],
      );
      this.#statements.run('DELETE FROM stale_quarter');
    });
  }

  #isStale({ booked }: SumQuestion): boolean {
    const isChanged = this.#statements.row('SELECT 1 FROM stale_quarter LIMIT 1') !== undefined;
    return isChanged || this.#bookedMore(tableOf(booked));
  }

  /** Whether the ledger has other rows than those that were looked at. */
  #bookedMore(table: BookedTable | undefined): boolean {
    const seen = this.#seen();
    if (table === undefined || seen?.path !== table.path) return seen?.path !== (table?.path ?? '');
    const last = this.#lastBooked(table);
    return last.id !== seen.id || last.requestId !== seen.requestId;
  }

  /** Marks the quarters of what the ledger has booked since it was looked at; all when it is another one than then. */
  #takeBooked(table: BookedTable | undefined): void {
    const seen = this.#seen();
    const mark = 'INSERT OR IGNORE INTO stale_quarter SELECT DISTINCT quarter FROM entry';
    if (table !== undefined && seen?.path === table.path && this.#isThere(table, seen)) {
      const { column, idColumn } = table;
      const since = `SELECT "${column}" FROM ${named(table)} WHERE "${idColumn}" > ? AND "${column}" IS NOT NULL`;
      this.#statements.run(`${mark} WHERE request_id IN (${since})`, seen.id);
    } else {
      this.#statements.run('DELETE FROM quarter_sum');
      this.#statements.run(mark);
    }
    const last = table && this.#lastBooked(table);
    this.#statements.run(
      'INSERT OR REPLACE INTO booked (only_row, path, last_id, last_request_id) VALUES (1, ?, ?, ?)',
      ...[table?.path ?? '', last?.id ?? 0, last?.requestId ?? null],
    );
  }

  #seen(): { readonly path: string; readonly id: number; readonly requestId: SQLInputValue } | undefined {
    const row = this.#statements.row('SELECT path, last_id, last_request_id FROM booked');
    return row && { path: String(row['path']), id: Number(row['last_id']), requestId: row['last_request_id'] ?? null };
  }

  #lastBooked(table: BookedTable): { readonly id: number; readonly requestId: SQLInputValue } {
    const { column, idColumn } = table;
    const row = this.#statements.row(
      `SELECT "${idColumn}" AS id, "${column}" AS request_id FROM ${named(table)} ORDER BY "${idColumn}" DESC LIMIT 1`,
    );
    return { id: Number(row?.['id'] ?? 0), requestId: row?.['request_id'] ?? null };
  }

  /** Whether the row that was the last still is: else the ledger was begun anew, or has dropped all that was looked at. */
  #isThere(table: BookedTable, { id, requestId }: { readonly id: number; readonly requestId: SQLInputValue }): boolean {
    const { column, idColumn } = table;
    const sql = `SELECT 1 FROM ${named(table)} WHERE "${idColumn}" = ? AND "${column}" IS ?`;
    return this.#statements.row(sql, id, requestId) !== undefined;
  }

  #leaveLedger(): void {
    this.#statements.forget();
    this.#statements.run('DETACH ledger');
  }

  /** Does something while the ledger's file is attached: not for longer, or what is written here would lock that one too. */
  #beside<T>(booked: BookedRequests, ask: () => T): T {
    if (booked.kind === 'ids') return ask();
    this.#statements.run('ATTACH ? AS ledger', `${pathToFileURL(booked.path).href}?mode=ro`);
    let found: T;
    try {
      found = ask();
    } catch (error) {
      try {
        this.#leaveLedger();
      } catch {
        // What went wrong first is what counts.
      }
      throw error;
    }
    this.#leaveLedger();
    return found;
  }
}

function tableOf(booked: BookedRequests): BookedTable | undefined {
  return booked.kind === 'table' ? booked : undefined;
}

function named({ table }: BookedTable): string {
  return `ledger."${table}"`;
}

/** @param booked what `?4` says when it is a list. */
function bookedCondition(booked: BookedRequests): string {
  if (booked.kind === 'ids') return 'request_id IS NOT NULL AND request_id IN (SELECT value FROM json_each(?4))';
  return `?4 IS NULL AND EXISTS (SELECT 1 FROM ${named(booked)} WHERE "${booked.column}" = entry.request_id)`;
}

function bookedValue(booked: BookedRequests): string | null {
  return booked.kind === 'ids' ? JSON.stringify([...booked.ids]) : null;
}
