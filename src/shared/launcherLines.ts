// What the launcher needs before the engine answers: nothing here loads zod.
import type { ToLauncher } from './engineMessages.ts';
import type { FromLauncher } from './launcherMessages.ts';

/** Of what launcher and engine say to each other; see `launcherMessages.ts`. */
export const launcherProtocolVersion = 1;

/** The longest line that either side accepts unless it waits for an answer, in UTF-16 code units. */
export const longestLine = 64 * 1024;

/** Code of the problem of a session that is unauthenticated because its user would not wait for a slot. */
export const withoutQuotaCode = 'without-quota';

/** A message as it goes over the wire. */
export function messageLine(message: FromLauncher | ToLauncher): string {
  return `${JSON.stringify(message)}\n`;
}

/**
 * Cuts a stream of text into lines.
 * @param onLine is given each line without its end, or `undefined` once when a line is longer than `longest`; all that
 *   comes after is dropped, so a peer cannot make this side hold more than that.
 * @param longest in UTF-16 code units.
 * @returns takes in the next piece of the stream.
 */
export function createLineSplitter(
  onLine: (line: string | undefined) => void,
  longest: number = longestLine,
): (chunk: string) => void {
  let rest = '';
  let overflowed = false;
  return (chunk) => {
    // Only what is new is searched: a long line comes in hundreds of chunks.
    const [first = '', ...others] = chunk.split('\n');
    const lines = [rest + first, ...others];
    rest = lines.pop() ?? '';
    for (const line of [...lines, ...(rest.length > longest ? [rest] : [])]) {
      if (overflowed) return;
      overflowed = line.length > longest;
      onLine(overflowed ? undefined : line);
    }
    if (overflowed) rest = '';
  };
}
