import { createHash } from 'node:crypto';
import { mkdir, open, readdir, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../core/clock.ts';

/** Longer than the longest period of a limit, in milliseconds. */
const keptMs = 15 * 24 * 3_600_000;

/**
 * What the user has been told, shared by all windows of the machine: one empty file for each thing, named by a digest.
 * Creating a file that must not exist yet is atomic on every file system that VS Code keeps its storage on, so of several
 * windows that have the same thing to say in the same moment one says it.
 */
export class ToldOnce {
  readonly #directory: string;
  readonly #clock: Clock;
  /** Told by this window: where nothing can be kept, it still says each thing once. */
  readonly #own = new Set<string>();
  #ready: Promise<boolean> | undefined;

  /** @param directory of the user alone; it is made when it is not there. */
  constructor(directory: string, clock: Clock) {
    this.#directory = directory;
    this.#clock = clock;
  }

  /**
   * Takes it upon this window to tell something.
   * @param alike other keys under which it may have been told.
   * @returns whether it is this window's to tell; false when it was told before.
   */
  async claim(key: string, alike: readonly string[] = []): Promise<boolean> {
    const keys = [key, ...alike];
    if (keys.some((known) => this.#own.has(known))) return false;
    this.#own.add(key);
    this.#ready ??= this.#prepare();
    if (!(await this.#ready)) return true;
    for (const other of alike) if (await exists(this.#file(other))) return false;
    try {
      await (await open(this.#file(key), 'wx', 0o600)).close();
      return true;
    } catch (error) {
      return !(error instanceof Error && 'code' in error && error.code === 'EEXIST');
    }
  }

  #file(key: string): string {
    return join(this.#directory, createHash('sha256').update(key).digest('hex').slice(0, 40));
  }

  /** Makes the directory and forgets what is of periods long gone. @returns whether anything can be kept there. */
  async #prepare(): Promise<boolean> {
    const names = await mkdir(this.#directory, { recursive: true, mode: 0o700 })
      .then(() => readdir(this.#directory))
      .catch(() => undefined);
    for (const name of names ?? []) {
      const file = join(this.#directory, name);
      // Another window may be clearing up too.
      const at = await stat(file).then(
        ({ mtimeMs }) => mtimeMs,
        () => undefined,
      );
      if (at !== undefined && this.#clock.now() - at > keptMs) await unlink(file).catch(() => undefined);
    }
    return names !== undefined;
  }
}

async function exists(file: string): Promise<boolean> {
  return stat(file).then(
    () => true,
    () => false,
  );
}
