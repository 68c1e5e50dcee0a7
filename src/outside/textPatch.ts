import { createHash } from 'node:crypto';
import * as z from 'zod';

/**
 * The one stretch of a text that was changed, so that it can be put back exactly. The rest of the text, which may hold what
 * is nobody's business, is known by its digest alone.
 */
export const textPatchSchema = z.object({
  at: z.number(),
  removed: z.string(),
  inserted: z.string(),
  /** SHA-256 of the whole text after the change. */
  after: z.string(),
});
export type TextPatch = z.infer<typeof textPatchSchema>;

export function patchBetween(before: string, after: string): TextPatch {
  const shorter = Math.min(before.length, after.length);
  let start = 0;
  while (start < shorter && before[start] === after[start]) start += 1;
  let end = 0;
  while (end < shorter - start && before[before.length - 1 - end] === after[after.length - 1 - end]) end += 1;
  return {
    at: start,
    removed: before.slice(start, before.length - end),
    inserted: after.slice(start, after.length - end),
    after: digestOf(after),
  };
}

/** @returns the text as it was; undefined where it has been changed since. */
export function reverted(text: string, { at, removed, inserted, after }: TextPatch): string | undefined {
  if (digestOf(text) !== after) return undefined;
  return text.slice(0, at) + removed + text.slice(at + inserted.length);
}

function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
