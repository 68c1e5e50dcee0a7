/** Control characters, line separators, and characters that turn the direction of what follows. */
const unprintable = /[\p{Cc}\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]+/gu;

/** A text on one line. Texts come from elsewhere: they must not move the cursor, or be read as something else. */
export function printable(text: string): string {
  return text.replace(unprintable, ' ').trim();
}
