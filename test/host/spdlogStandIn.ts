/*
 * Stands for VS Code's logging library `@vscode/spdlog`, which is native code that npm has no binary of. Without it VS Code
 * writes no log files: log output channels stay empty, and every logger complains at length. Installed in its place
 * (see installation.ts); the names are the library's.
 */
import { appendFileSync, mkdirSync, renameSync, statSync } from 'node:fs';
import path from 'node:path';

const levelNames = ['trace', 'debug', 'info', 'warning', 'error', 'critical'];

class Logger {
  readonly #file: string;
  readonly #maxBytes: number;
  #level = 2;
  #formatted = true;

  constructor(file: string, maxBytes: number) {
    this.#file = file;
    this.#maxBytes = maxBytes;
  }

  trace(message: string): void {
    this.#write(0, message);
  }

  debug(message: string): void {
    this.#write(1, message);
  }

  info(message: string): void {
    this.#write(2, message);
  }

  warn(message: string): void {
    this.#write(3, message);
  }

  error(message: string): void {
    this.#write(4, message);
  }

  critical(message: string): void {
    this.#write(5, message);
  }

  getLevel(): number {
    return this.#level;
  }

  setLevel(level: number): void {
    this.#level = level;
  }

  /** VS Code knows one pattern only, which is the one written here. */
  setPattern(): void {
    this.#formatted = true;
  }

  clearFormatters(): void {
    this.#formatted = false;
  }

  flush(): void {
    // Nothing is held back.
  }

  drop(): void {
    // No file is kept open.
  }

  #write(level: number, message: string): void {
    if (level < this.#level) return;
    try {
      const size = statSync(this.#file, { throwIfNoEntry: false })?.size ?? 0;
      if (size > this.#maxBytes) renameSync(this.#file, `${this.#file}.1`);
      appendFileSync(
        this.#file,
        this.#formatted ? `${timestamp()} [${levelNames[level] ?? 'off'}] ${message}\n` : message,
      );
    } catch {
      // User data is being removed: there is nobody to tell.
    }
  }
}

/** Local time as in `2026-11-24 22:10:39.414`. */
function timestamp(): string {
  const now = new Date();
  const local = new Date(now.getTime() - now.getTimezoneOffset() * 60_000);
  return local.toISOString().replace('T', ' ').replace('Z', '');
}

export const version = 0;

export function setFlushOn(): void {
  // Every message is written at once.
}

export async function createRotatingLogger(_name: string, file: string, maxBytes: number): Promise<Logger> {
  mkdirSync(path.dirname(file), { recursive: true });
  return Promise.resolve(new Logger(file, maxBytes));
}

export const createAsyncRotatingLogger = createRotatingLogger;
