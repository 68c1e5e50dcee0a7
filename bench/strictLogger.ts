import type { Logger } from '../src/core/logger.ts';

/** Nothing may go wrong in the engine that is measured; what does ends the benchmark. */
export const strictLogger: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: (message) => {
    throw new Error(message);
  },
  error: (message, cause) => {
    throw new Error(message, { cause });
  },
};
