import { refusalText } from './holdingServer.ts';

const longest = 160;

/**
 * What matters of what a client says: what it counts while it waits, and the line with the answer's message or an error.
 * @param hasFailed then its last line, where there is no such.
 */
export function lastWords(says: string, hasFailed: boolean): string {
  const lines = says.split('\n').map((line) => line.trim());
  const waits = lines.findLast((line) => /…\s*\(.*\d+s/.test(line));
  const retries = lines.find((line) => line.includes('retrying in'));
  const told = lines.findLast((line) => line.includes(refusalText) || /error|timed out|\/login/i.test(line));
  const end = told ?? (hasFailed ? lines.at(-1) : undefined);
  return [...new Set([waits, retries, end])]
    .filter((line) => line !== undefined)
    .map((line) => `\`${line.replaceAll('`', '').replaceAll('|', '¦').slice(0, longest)}\``)
    .join(', ');
}
