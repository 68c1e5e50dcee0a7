import { statSync, watch, type FSWatcher } from 'node:fs';
import { basename, dirname } from 'node:path';
import type { Usage } from '../core/usage.ts';
import { HandedUsage } from './handedUsage.ts';
import { readTranscript } from './readTranscript.ts';
import { type FollowedSession, mainTranscript, subagentsDirectory, transcriptsBelow } from './sessionTranscripts.ts';
import type { TranscriptEntry } from './transcriptEntry.ts';
import type { TranscriptPosition } from './transcriptPosition.ts';

/** Usage that a session's transcripts tell of. */
export interface FollowedUsage {
  /** The request, and whose it is: with an `agentId` a subagent's. */
  readonly entry: TranscriptEntry;
  /** What it adds. The same request comes again when a later line says more of it, with what that is. */
  readonly added: Usage;
  /** Of the transcript that it is in. */
  readonly path: string;
}

export interface FollowOptions {
  /** What was written before, in milliseconds since the epoch, is not handed over: what a resumed session had used. */
  readonly since?: number;
  /** How often is looked although nothing was heard of, in milliseconds. */
  readonly pollMs?: number;
  /** Told what went wrong with a file; it is tried again. */
  readonly failed?: (cause: unknown) => void;
}

const usualPollMs = 3000;
/** Lines come in bursts. */
const settleMs = 100;
/** What is read at once when nobody waits for it: the thread has others to serve. */
const stepBytes = 4 * 1024 * 1024;

interface FollowedFile {
  readonly position: TranscriptPosition;
  /** Size and time of change: what tells that there is nothing new. */
  readonly state: string;
}

/** Follows what one running session of Claude Code and its subagents use, as their transcripts tell of it. */
export class TranscriptFollower {
  readonly #session: FollowedSession;
  readonly #onUsage: (usage: FollowedUsage) => void;
  readonly #options: FollowOptions;
  readonly #handed = new HandedUsage();
  readonly #files = new Map<string, FollowedFile>();
  readonly #watchers = new Map<string, FSWatcher>();
  readonly #poll: NodeJS.Timeout;
  #soon: NodeJS.Timeout | undefined;
  #mainPath: string | undefined;
  #closed = false;

  /** Begins at once; files and folders may come later. @param onUsage is given each request's usage once. */
  constructor(session: FollowedSession, onUsage: (usage: FollowedUsage) => void, options: FollowOptions = {}) {
    this.#session = session;
    this.#onUsage = onUsage;
    this.#options = options;
    this.#poll = setInterval(() => {
      this.#look(stepBytes);
    }, options.pollMs ?? usualPollMs).unref();
    this.#lookSoon();
  }

  /** Reads all that is there now: to be called when a turn or the session has ended. */
  look(): void {
    this.#look(Infinity);
  }

  #look(mostBytes: number): void {
    if (this.#closed) return;
    clearTimeout(this.#soon);
    this.#soon = undefined;
    this.#mainPath ??= mainTranscript(this.#session);
    if (this.#mainPath === undefined) return;
    const subagents = subagentsDirectory(this.#mainPath);
    this.#watch(dirname(this.#mainPath), basename(this.#mainPath));
    this.#watch(dirname(subagents));
    this.#watch(subagents);
    for (const path of [this.#mainPath, ...transcriptsBelow(subagents)]) this.#read(path, mostBytes);
  }

  /** Takes a last look and lets go of everything. */
  close(): void {
    this.look();
    this.dispose();
  }

  /** Lets go of everything at once. */
  dispose(): void {
    this.#closed = true;
    clearInterval(this.#poll);
    clearTimeout(this.#soon);
    for (const watcher of this.#watchers.values()) watcher.close();
    this.#watchers.clear();
  }

  #lookSoon(withinMs = settleMs): void {
    this.#soon ??= setTimeout(() => {
      this.#look(stepBytes);
    }, withinMs).unref();
  }

  #read(path: string, mostBytes: number): void {
    try {
      const stats = statSync(path, { bigint: true, throwIfNoEntry: false });
      if (stats === undefined) return;
      const state = `${stats.ino} ${stats.size} ${stats.mtimeNs}`;
      const before = this.#files.get(path);
      if (before?.state === state) return;
      const take = (entry: TranscriptEntry, offset: number): void => {
        const added = this.#handed.take(entry, path, offset);
        if (added !== undefined && entry.at >= (this.#options.since ?? 0)) this.#onUsage({ entry, added, path });
      };
      const { position, isAtEnd } = readTranscript(path, before?.position, take, mostBytes);
      this.#files.set(path, { position, state: isAtEnd ? state : '' });
      if (!isAtEnd) this.#lookSoon(0);
    } catch (error) {
      this.#options.failed?.(error);
    }
  }

  /** Where a folder cannot be watched, looking from time to time has to do. */
  #watch(directory: string, file?: string): void {
    if (this.#watchers.has(directory)) return;
    try {
      const watcher = watch(directory, { persistent: false }, (_event, name) => {
        if (file === undefined || name === null || name === file) this.#lookSoon();
      });
      watcher.on('error', () => {
        watcher.close();
        this.#watchers.delete(directory);
      });
      this.#watchers.set(directory, watcher);
    } catch {
      // It is not there yet.
    }
  }
}
