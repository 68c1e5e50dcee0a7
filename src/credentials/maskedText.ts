const mask = '[…]';
const longestText = 200;
/** Anthropic's keys and ours, and JSON web tokens. */
const knownForms = /\b(?:sk-|eyJ)[\w.-]+/g;
/** What is long enough to be a key of whatever form. */
const longForms = [
  /[\w+=-]{20,}/g,
  // With slashes and dots in it, unless it begins as a path or an address does.
  /(?<![\w./~:\\-])(?!\.{0,2}\/|~\/)[\w+/=.-]{24,}/g,
];

/** Names of programs and settings, which errors are of no use without. */
const plainWords = /^[a-z]{1,14}(?:[-_][a-z]{1,14})*$/;

/**
 * A text of a program's own, fit to be shown and logged: in one line, cut short, and with everything masked that is
 * like a key or is one of the secrets.
 */
export function maskedText(text: string, secrets: readonly string[]): string {
  let masked = text.replace(/\p{Cc}+(?:\[[\d;]*[A-Za-z])?/gu, ' ');
  for (const secret of secrets) if (secret.length >= 4) masked = masked.replaceAll(secret, mask);
  masked = masked.replace(knownForms, mask);
  for (const pattern of longForms) masked = masked.replace(pattern, (found) => (plainWords.test(found) ? found : mask));
  masked = masked.trim();
  return masked.length > longestText ? `${masked.slice(0, longestText)}…` : masked;
}
