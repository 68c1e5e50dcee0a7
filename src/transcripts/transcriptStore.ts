import type { DatabaseSync } from 'node:sqlite';
import { totalTokens, type Usage } from '../core/usage.ts';
import type { FileIdentity } from './fileIdentity.ts';
import { noMessageId } from './transcriptEntry.ts';
import { countingBit, countings, keptEntries } from './keptEntries.ts';
import { Statements } from './statements.ts';
import type { TranscriptFile } from './transcriptFiles.ts';
import type { TranscriptPosition } from './transcriptPosition.ts';
import {
  entryOf,
  type EntryRow,
  type NewEntry,
  type ReadTranscript,
  readTranscriptOf,
  usageColumns,
  usageValues,
} from './transcriptRows.ts';
import { quarterMs, TranscriptSums } from './transcriptSums.ts';

/** Finds what is of one message, by the index. */
const ofMessage = "message_id <> '' AND message_id = ?";
const knownMessages = `SELECT DISTINCT message_id FROM entry
  WHERE message_id <> '' AND message_id IN (SELECT value FROM json_each(?))`;
const insertion = `INSERT INTO entry (quarter, transcript_id, model_id, speed, is_long, line_at, message_id, request_id, at,
    cost_usd, is_sidechain, passed_over_by, kept_in, ${usageColumns})
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`;
/** Input tokens above which a request's price may be another one. */
export const longInputTokens = 200_000;

/** What transcripts say, kept: entries that may count, and how far each file was read. */
export class TranscriptStore {
  readonly #database: DatabaseSync;
  readonly #statements: Statements;
  /** By name. */
  readonly #modelIds = new Map<string, number>();
  /** Quarters of hours whose sums have changed in what is done at once. */
  readonly #changed = new Set<number>();
  readonly sums: TranscriptSums;

  constructor(database: DatabaseSync) {
    this.#database = database;
    this.#statements = new Statements(database);
    this.sums = new TranscriptSums(this.#statements);
  }

  transcripts(): ReadTranscript[] {
    return this.#statements.rows('SELECT * FROM transcript').map(readTranscriptOf);
  }

  transcript(path: string): ReadTranscript | undefined {
    const row = this.#statements.row('SELECT * FROM transcript WHERE path = ?', path);
    return row && readTranscriptOf(row);
  }

  /** Does all of something or, when it throws, nothing. Everything that changes entries is done so. */
  atOnce(change: () => void): void {
    this.#changed.clear();
    try {
      this.#statements.atOnce(() => {
        change();
        for (const quarter of this.#changed)
          this.#statements.run('INSERT OR IGNORE INTO stale_quarter (quarter) VALUES (?)', quarter);
      });
    } catch (error) {
      this.#modelIds.clear();
      throw error;
    }
  }

  /** Takes a file in, or what is known of it now. @returns its id. */
  putTranscript({ path, place, stats }: TranscriptFile, { identity, ...position }: TranscriptPosition): number {
    const columns = 'path, project, project_path, session_id, size, modified_at, inode, born_at, read_to, fingerprint';
    const row = this.#statements.row(
      `INSERT INTO transcript (${columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (path) DO UPDATE SET size = excluded.size, modified_at = excluded.modified_at, inode = excluded.inode,
         born_at = excluded.born_at, read_to = excluded.read_to, fingerprint = excluded.fingerprint
       RETURNING transcript_id`,
      ...[path, place.project, place.projectPath, place.sessionId, stats.size, String(stats.mtimeNs)],
      ...[...identityValues(identity), position.offset, position.fingerprint],
    );
    return Number(row?.['transcript_id']);
  }

  /** Takes out entries, and the files they are from. */
  removeTranscripts(ids: readonly number[]): void {
    const list = JSON.stringify(ids);
    const where = 'WHERE transcript_id IN (SELECT value FROM json_each(?))';
    const removed = this.#statements.rows(`SELECT DISTINCT message_id, quarter FROM entry ${where}`, list);
    this.#statements.run(`DELETE FROM entry ${where}`, list);
    this.#statements.run(`DELETE FROM transcript ${where}`, list);
    for (const { quarter } of removed) this.#changed.add(Number(quarter));
    for (const message of new Set(removed.map(({ message_id }) => String(message_id))))
      if (message !== noMessageId) this.#decide(message, this.#entriesOf(message));
  }

  /** Takes in what was read in one file. */
  addEntries(transcriptId: number, entries: readonly NewEntry[]): void {
    const byMessage = Map.groupBy(entries, ({ messageId }) => messageId);
    const known = this.#knownOf([...byMessage.keys()]);
    const everywhere = countings.reduce((set, counting) => set | countingBit(counting), 0);
    for (const [messageId, added] of byMessage) {
      const isAlone = messageId === noMessageId || (added.length === 1 && !known.has(messageId));
      if (isAlone) for (const entry of added) this.#insert(entry, transcriptId, everywhere & ~entry.passedOverBy);
      else this.#decide(messageId, known.has(messageId) ? this.#entriesOf(messageId) : [], added, transcriptId);
    }
  }

  close(): void {
    this.#database.close();
  }

  /** Decides anew which entries of a message count. @param known those that are in the table. */
  #decide(messageId: string, known: readonly EntryRow[], added: readonly NewEntry[] = [], transcriptId = 0): void {
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
      this.#changed.add(entry.quarter);
      this.#statements.run(
        `UPDATE entry SET kept_in = ? WHERE ${ofMessage} AND transcript_id = ? AND line_at = ?`,
        ...[kept, messageId, entry.transcriptId, entry.lineAt],
      );
    }
  }

  /** Which of some messages have entries in the table. */
  #knownOf(messageIds: readonly string[]): Set<string> {
    const rows = this.#statements.rows(knownMessages, JSON.stringify(messageIds));
    return new Set(rows.map(({ message_id }) => String(message_id)));
  }

  /** A message's, in the order of their files' paths and their places in them. */
  #entriesOf(messageId: string): EntryRow[] {
    const sql = `SELECT * FROM entry JOIN transcript USING (transcript_id) WHERE ${ofMessage} ORDER BY path, line_at`;
    return this.#statements.rows(sql, messageId).map(entryOf);
  }

  /** New entries come after those that the file has, and before those of files after it. */
  #inOrder(known: readonly EntryRow[], added: readonly NewEntry[], transcriptId: number): (EntryRow | NewEntry)[] {
    if (known.length === 0) return [...added];
    const before = this.#statements.row(
      `SELECT count(*) AS n FROM entry JOIN transcript USING (transcript_id)
       WHERE ${ofMessage} AND path <= (SELECT path FROM transcript WHERE transcript_id = ?)`,
      ...[known[0]?.messageId ?? '', transcriptId],
    );
    const at = Number(before?.['n']);
    return [...known.slice(0, at), ...added, ...known.slice(at)];
  }

  #insert(entry: NewEntry, transcriptId: number, keptIn: number): void {
    const { usage, at, model = '', speed = '' } = entry;
    const quarter = Math.floor(at / quarterMs);
    this.#changed.add(quarter);
    this.#statements.run(
      insertion,
      ...[quarter, transcriptId, this.#modelId(model), speed, hasLongInput(usage) ? 1 : 0],
      ...[entry.lineAt, entry.messageId, entry.requestId ?? null, at, entry.costUsd ?? null],
      ...[entry.isSidechain ? 1 : 0, entry.passedOverBy, keptIn, ...usageValues(usage)],
    );
  }

  #modelId(name: string): number {
    const known = this.#modelIds.get(name);
    if (known !== undefined) return known;
    this.#statements.run('INSERT INTO model (name) VALUES (?) ON CONFLICT DO NOTHING', name);
    const id = Number(this.#statements.row('SELECT model_id FROM model WHERE name = ?', name)?.['model_id']);
    this.#modelIds.set(name, id);
    return id;
  }
}

function hasLongInput(usage: Usage): boolean {
  return totalTokens(usage) - usage.outputTokens > longInputTokens;
}

function identityValues({ inode, bornAt }: FileIdentity): [string, string | null] {
  return [inode, bornAt ?? null];
}
