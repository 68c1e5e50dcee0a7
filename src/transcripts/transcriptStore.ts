import { pathToFileURL } from 'node:url';
import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite';
import type * as z from 'zod';
import { type BookedRequests } from '../core/bookedRequests.ts';
import { type FileIdentity } from './fileIdentity.ts';
import { countingBit, type Counting, countings, keptEntries } from './keptEntries.ts';
import { type TranscriptFile } from './transcriptFiles.ts';
import { type TranscriptPosition } from './transcriptPosition.ts';
import {
  type EntryRow,
  entryRow,
  type NewEntry,
  type ReadTranscript,
  sumRow,
  transcriptRow,
  usageColumns,
  usageValues,
} from './transcriptRows.ts';

/** The last moment that dates reach, in milliseconds since the epoch. */
const latest = 8.64e15;
/** Entries without a message id have this one; they all count. */
export const noMessageId = '';
/** Days begin and end with a quarter of an hour in every time zone of today. */
export const quarterMs = 900_000;
/** Input tokens above which a request's price may be another one. */
export const longInputTokens = 200_000;

export interface SumQuestion {
  readonly counting: Counting;
  readonly booked: BookedRequests;
  /** Nothing from before; the first step begins then. In milliseconds since the epoch. */
  readonly from?: number | undefined;
  /** Nothing from then on. */
  readonly to?: number | undefined;
  /** A quarter of an hour when left out. */
  readonly stepMs?: number | undefined;
}

/** What transcripts say, kept: entries that may count, and how far each file was read. */
export class TranscriptStore {
  readonly #database: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();

  constructor(database: DatabaseSync) {
    this.#database = database;
  }

  transcripts(): ReadTranscript[] {
    return this.#rows(transcriptRow, 'SELECT * FROM transcript', []);
  }

  transcript(path: string): ReadTranscript | undefined {
    return this.#rows(transcriptRow, 'SELECT * FROM transcript WHERE path = ?', [path])[0];
  }

  /** Does all of something or, when it throws, nothing. Others that read the file wait meanwhile. */
  async atOnce(change: () => Promise<void>): Promise<void> {
    this.#database.exec('BEGIN IMMEDIATE');
    try {
      await change();
      this.#database.exec('COMMIT');
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
      throw error;
    }
  }

  /** Takes a file in, or what is known of it now. @returns its id. */
  putTranscript({ path, place, stats }: TranscriptFile, { identity, ...position }: TranscriptPosition): number {
    const columns = 'path, project, project_path, session_id, size, modified_at, inode, born_at, read_to, fingerprint';
    const [row] = this.#statement(
      `INSERT INTO transcript (${columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (path) DO UPDATE SET size = excluded.size, modified_at = excluded.modified_at, inode = excluded.inode,
         born_at = excluded.born_at, read_to = excluded.read_to, fingerprint = excluded.fingerprint
       RETURNING transcript_id`,
    ).all(
      ...[path, place.project, place.projectPath, place.sessionId, stats.size, String(stats.mtimeNs)],
      ...[...identityValues(identity), position.offset, position.fingerprint],
    );
    return Number(row?.['transcript_id']);
  }

  /** Takes out entries, and the files they are from. */
  removeTranscripts(ids: readonly number[]): void {
    const list = JSON.stringify(ids);
    const where = 'WHERE transcript_id IN (SELECT value FROM json_each(?))';
    const messages = this.#statement(`SELECT DISTINCT message_id FROM entry ${where}`).all(list);
    this.#statement(`DELETE FROM entry ${where}`).run(list);
    this.#statement(`DELETE FROM transcript ${where}`).run(list);
    for (const { message_id } of messages) if (message_id !== noMessageId) this.#decide(String(message_id), []);
  }

  /** Takes in what was read in one file. */
  addEntries(transcriptId: number, entries: readonly NewEntry[]): void {
    const byMessage = Map.groupBy(entries, ({ messageId }) => messageId);
    const everywhere = countings.reduce((set, counting) => set | countingBit(counting), 0);
    for (const [messageId, added] of byMessage) {
      if (messageId === noMessageId) {
        for (const entry of added) this.#insert(entry, transcriptId, everywhere & ~entry.passedOverBy);
      } else this.#decide(messageId, added, transcriptId);
    }
  }

  /** Sums of what counts, told apart by whether the ledger has booked their requests. */
  sums({ counting, booked, from = 0, to = latest, stepMs = quarterMs }: SumQuestion): z.infer<typeof sumRow>[] {
    const isBooked = bookedExpression(booked);
    const sums = usageColumns.split(', ').map((column) => `sum(${column}) AS ${column}`);
    const longInput = 'input_tokens + cache_creation_5m_tokens + cache_creation_1h_tokens + cache_read_tokens';
    const ask = (): z.infer<typeof sumRow>[] =>
      this.#rows(
        sumRow,
        `SELECT CAST((at - ?1) / ?2 AS INTEGER) * ?2 + ?1 AS step, project, project_path, session_id, model, speed,
         (${longInput}) > ${longInputTokens} AS is_long,
         ${isBooked} AS is_booked,
         count(*) AS requests, sum(cost_usd) AS cost_usd, ${sums.join(', ')}
       FROM entry JOIN transcript USING (transcript_id) WHERE kept_in & ?3 <> 0 AND at >= ?1 AND at < ?4
       GROUP BY step, transcript_id, model, speed, is_long, is_booked`,
        [
          from,
          stepMs,
          countingBit(counting),
          to,
          ...(booked.kind === 'ids' && booked.ids.size > 0 ? [JSON.stringify([...booked.ids])] : []),
        ],
      );
    return booked.kind === 'table' ? this.#beside(booked.path, ask) : ask();
  }

  /** Does something while another file is attached: not for longer, or what is written here would lock that one too. */
  #beside<T>(path: string, ask: () => T): T {
    this.#statement('ATTACH ? AS ledger').run(`${pathToFileURL(path).href}?mode=ro`);
    try {
      return ask();
    } finally {
      // What was prepared while it was there may not be used when it is not.
      this.#statements.clear();
      this.#database.exec('DETACH ledger');
    }
  }

  close(): void {
    this.#database.close();
  }

  /** Decides anew which entries of a message count. */
  #decide(messageId: string, added: readonly NewEntry[], transcriptId = 0): void {
    const known = this.#known(messageId);
    const all = added.length === 0 ? known : this.#inOrder(known, added, transcriptId);
    const keptIn = new Map<NewEntry | EntryRow, number>();
    for (const counting of countings) {
      for (const entry of keptEntries(all, counting))
        keptIn.set(entry, (keptIn.get(entry) ?? 0) | countingBit(counting));
    }
    for (const entry of added) this.#insert(entry, transcriptId, keptIn.get(entry) ?? 0);
    for (const entry of known) {
      const kept = keptIn.get(entry) ?? 0;
      if (kept === entry.keptIn) continue;
      this.#statement('UPDATE entry SET kept_in = ? WHERE message_id = ? AND transcript_id = ? AND line_at = ?').run(
        kept,
        messageId,
        entry.transcriptId,
        entry.lineAt,
      );
    }
  }

  /** In the order of their files' paths and their places in them. Most messages are new, which is told without sorting. */
  #known(messageId: string): EntryRow[] {
    const found = this.#statement('SELECT 1 FROM entry WHERE message_id = ? LIMIT 1').get(messageId);
    if (found === undefined) return [];
    const sql = 'SELECT * FROM entry JOIN transcript USING (transcript_id) WHERE message_id = ? ORDER BY path, line_at';
    return this.#rows(entryRow, sql, [messageId]);
  }

  /** New entries come after those that the file has, and before those of files after it. */
  #inOrder(known: readonly EntryRow[], added: readonly NewEntry[], transcriptId: number): (EntryRow | NewEntry)[] {
    if (known.length === 0) return [...added];
    const before = this.#statement(
      `SELECT count(*) AS n FROM entry JOIN transcript USING (transcript_id)
       WHERE message_id = ? AND path <= (SELECT path FROM transcript WHERE transcript_id = ?)`,
    ).get(known[0]?.messageId ?? '', transcriptId);
    const at = Number(before?.['n']);
    return [...known.slice(0, at), ...added, ...known.slice(at)];
  }

  #insert(entry: NewEntry, transcriptId: number, keptIn: number): void {
    this.#statement(
      `INSERT INTO entry (message_id, transcript_id, line_at, request_id, at, model, speed, cost_usd, is_sidechain,
         passed_over_by, kept_in, ${usageColumns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    ).run(
      ...[entry.messageId, transcriptId, entry.lineAt, entry.requestId ?? null, entry.at, entry.model ?? null],
      ...[entry.speed ?? null, entry.costUsd ?? null, entry.isSidechain ? 1 : 0, entry.passedOverBy, keptIn],
      ...usageValues(entry.usage),
    );
  }

  #rows<T extends z.ZodType>(schema: T, sql: string, values: readonly SQLInputValue[]): z.infer<T>[] {
    return this.#statement(sql)
      .all(...values)
      .map((row) => schema.parse(row));
  }

  #statement(sql: string): StatementSync {
    const known = this.#statements.get(sql);
    if (known !== undefined) return known;
    const statement = this.#database.prepare(sql);
    this.#statements.set(sql, statement);
    return statement;
  }
}

function bookedExpression(booked: BookedRequests): string {
  if (booked.kind === 'ids' && booked.ids.size === 0) return '0';
  const ids =
    booked.kind === 'ids'
      ? 'SELECT value FROM json_each(?5)'
      : `SELECT "${booked.column}" FROM ledger."${booked.table}" WHERE "${booked.column}" = request_id`;
  return `request_id IS NOT NULL AND request_id IN (${ids})`;
}

function identityValues({ inode, bornAt }: FileIdentity): [string, string | null] {
  return [inode, bornAt ?? null];
}
