import type { Logger } from '../../../src/core/logger.ts';

/** Keeps what is logged. */
export interface MemoryLogger extends Logger {
  readonly lines: string[];
}

export function createMemoryLogger(): MemoryLogger {
  const lines: string[] = [];
  const keep = (message: string, cause?: unknown): void => {
    lines.push(cause === undefined ? message : `${message} ${cause instanceof Error ? cause.message : 'unknown'}`);
  };
  return { lines, debug: keep, info: keep, warn: keep, error: keep };
}
