/**
 * The value of `CLAUDE_CODE_PROCESS_WRAPPER` and of `processWrapper` in Claude Code's settings: the beginning of a command,
 * divided by spaces or as a JSON array. Source: seen in Claude Code 2.1.330.
 */
export const wrapperVariable = 'CLAUDE_CODE_PROCESS_WRAPPER';

/** @returns undefined for a value that names no program. */
export function wrapperWords(value: string): readonly string[] | undefined {
  const text = value.trim();
  if (text === '') return undefined;
  if (!text.startsWith('[')) return text.split(/\s+/);
  try {
    const words: unknown = JSON.parse(text);
    const isList = Array.isArray(words) && words.length > 0 && words.every((word) => typeof word === 'string');
    return isList ? words : undefined;
  } catch {
    return undefined;
  }
}

/** @param words a program's absolute path and its first arguments. */
export function wrapperValue(words: readonly string[]): string {
  const [program = ''] = words;
  return words.length === 1 && /^[\w./+,:@%-]+$/.test(program) ? program : JSON.stringify(words);
}
