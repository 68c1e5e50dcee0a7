import type { DatabaseSync } from 'node:sqlite';
import { fileOf, isDamaged, openTranscriptDatabase, removeTranscriptDatabase } from './openTranscriptDatabase.ts';
import { TranscriptStore } from './transcriptStore.ts';

interface OpenStore {
  readonly database: DatabaseSync;
  readonly store: TranscriptStore;
  /** See `fileOf`. */
  readonly file: string | undefined;
}

/** The file that keeps what transcripts say, opened when it is wanted and begun anew when it is found damaged. */
export class KeptTranscripts {
  readonly #path: string;
  #open: OpenStore | undefined;

  constructor(path: string) {
    this.#path = path;
  }

  /**
   * Does something with the store; once more with a new one where the file is damaged.
   * @throws what it throws, or why there is no store. The next use opens the file again.
   */
  async use<T>(work: (store: TranscriptStore) => T | Promise<T>): Promise<T> {
    const open = await this.#opened();
    try {
      return await work(open.store);
    } catch (error) {
      // The ledger is read beside it, and may be what is damaged.
      if (!isDamaged(error) || isWhole(open.database)) throw error;
    }
    this.#open = undefined;
    removeTranscriptDatabase(open.database, this.#path, open.file);
    return work((await this.#opened()).store);
  }

  close(): void {
    this.#open?.store.close();
    this.#open = undefined;
  }

  async #opened(): Promise<OpenStore> {
    if (this.#open !== undefined) return this.#open;
    const database = await openTranscriptDatabase(this.#path);
    return (this.#open = { database, store: new TranscriptStore(database), file: fileOf(this.#path) });
  }
}

function isWhole(database: DatabaseSync): boolean {
  try {
    return database.prepare('PRAGMA main.integrity_check(1)').get()?.['integrity_check'] === 'ok';
  } catch (error) {
    if (isDamaged(error)) return false;
    throw error;
  }
}
