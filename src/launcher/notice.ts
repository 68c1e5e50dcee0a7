import { createPaint } from './paint.ts';
import { printable } from './printable.ts';

/** The part of a stream that a {@link Notice} writes to. */
export interface NoticeStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

/** What the launcher says on stderr; nothing in it is secret. */
export interface Notice {
  /** Prints a line. */
  say(text: string): void;
  /** Shows a line in place of the one that was shown before; where nothing can be replaced, prints it if it is new. */
  show(text: string): void;
  /** Takes away what was shown. */
  clear(): void;
}

const eraseLine = '\r\u001b[2K';
const prefix = 'agent-quota: ';

export function createNotice(stream: NoticeStream, environment: Readonly<Record<string, string | undefined>>): Notice {
  const terminal = stream.isTTY === true && environment['TERM'] !== 'dumb';
  const paint = createPaint(stream.isTTY === true, environment);
  const prefixed = (text: string): string => paint('yellow', prefix) + text;
  let shown: string | undefined;
  const clear = (): void => {
    if (shown !== undefined && terminal) stream.write(eraseLine);
    shown = undefined;
  };
  return {
    say(text) {
      clear();
      stream.write(`${prefixed(printable(text))}\n`);
    },
    show(text) {
      if (text === shown) return;
      // A line that wraps cannot be erased as one.
      const room = Math.max((stream.columns ?? 80) - prefix.length - 1, 20);
      if (terminal) stream.write(eraseLine + prefixed(printable(text).slice(0, room)));
      else stream.write(`${prefixed(printable(text))}\n`);
      shown = text;
    },
    clear,
  };
}
