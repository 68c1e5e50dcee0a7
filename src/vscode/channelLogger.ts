import type * as vscode from 'vscode';
import type { Logger } from '../core/logger.ts';

/** Logs to an output channel. */
export function channelLogger(log: vscode.LogOutputChannel): Logger {
  return {
    debug: (message) => {
      log.debug(message);
    },
    info: (message) => {
      log.info(message);
    },
    warn: (message) => {
      log.warn(message);
    },
    error: (message, cause) => {
      log.error(message, cause);
    },
  };
}
