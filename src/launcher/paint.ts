import { styleText } from 'node:util';

type Format = Exclude<Parameters<typeof styleText>[0], readonly unknown[]>;
export type Paint = (format: Format, text: string) => string;

/**
 * Colours, where they can be seen: on a terminal, unless NO_COLOR says no, and wherever FORCE_COLOR says yes, which wins
 * as it does in Node.js itself. Source: no-color.org, force-color.org; Node.js documentation, "tty".
 */
export function createPaint(isTerminal: boolean, environment: Readonly<Record<string, string | undefined>>): Paint {
  return isColoured(isTerminal, environment)
    ? (format, text) => styleText(format, text, { validateStream: false })
    : (_, text) => text;
}

function isColoured(isTerminal: boolean, environment: Readonly<Record<string, string | undefined>>): boolean {
  const { FORCE_COLOR: force, NO_COLOR: no = '', TERM: terminal } = environment;
  if (force !== undefined) return force !== '0' && force !== 'false';
  return isTerminal && no === '' && terminal !== 'dumb';
}
