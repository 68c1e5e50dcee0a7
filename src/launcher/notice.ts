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
  const noColour = environment['NO_COLOR'];
  const coloured = terminal && (noColour === undefined || noColour === '');
  const paint = (text: string): string => (coloured ? `\u001b[33m${prefix}\u001b[39m${text}` : prefix + text);
  let shown: string | undefined;
  const clear = (): void => {
    if (shown !== undefined && terminal) stream.write(eraseLine);
    shown = undefined;
  };
  return {
    say(text) {
      clear();
      stream.write(`${paint(printable(text))}\n`);
    },
    show(text) {
      if (text === shown) return;
      // A line that wraps cannot be erased as one.
      const room = Math.max((stream.columns ?? 80) - prefix.length - 1, 20);
      if (terminal) stream.write(eraseLine + paint(printable(text).slice(0, room)));
      else stream.write(`${paint(printable(text))}\n`);
      shown = text;
    },
    clear,
  };
}

/** Texts come from elsewhere: they must not move the cursor, or be two lines. */
function printable(text: string): string {
  return text.replace(/\p{Cc}+/gu, ' ').trim();
}
