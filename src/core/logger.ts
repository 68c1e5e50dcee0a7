/** Where the core and the engine say what happened. Nothing secret is ever passed to it. */
export interface Logger {
  debug(message: string): void;
  info(message: string): void;
  warn(message: string): void;
  /** @param cause what was thrown; its message and stack are logged. */
  error(message: string, cause?: unknown): void;
}

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';
