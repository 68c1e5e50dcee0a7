import type { Logger } from './logger.ts';
import type { QuotaEngineEvents } from './quotaEngine.ts';

function describeCause(cause: unknown): string {
  return cause instanceof Error ? (cause.stack ?? cause.message) : String(cause);
}

/** A logger whose lines the window writes down. */
export function windowLogger({ logged }: Pick<QuotaEngineEvents, 'logged'>): Logger {
  return {
    debug: (message) => {
      logged('debug', message);
    },
    info: (message) => {
      logged('info', message);
    },
    warn: (message) => {
      logged('warn', message);
    },
    error: (message, cause) => {
      logged('error', cause === undefined ? message : `${message} ${describeCause(cause)}`);
    },
  };
}
