/** What no record takes: control characters, and halves of characters that are written in two. */
const unclean = /[\p{Cc}\p{Cs}]/gu;

/**
 * A name from outside, such as a model's, as all records take it.
 * @param longest in UTF-16 units; what is behind is cut off.
 */
export function cleanName(name: string, longest = 200): string {
  return name.slice(0, longest).replace(unclean, '\ufffd');
}
