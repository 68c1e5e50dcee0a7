/** What a status bar text is made of. */
export const statusBarPlaceholders = [
  'used',
  'left',
  'limit',
  'reset',
  'running',
  'slots',
  'waiting',
  'tokens',
  'rate',
] as const;
export type StatusBarPlaceholder = (typeof statusBarPlaceholders)[number];

export const defaultStatusBarFormat = '${used} · ${running}/${slots} agents ${waiting}';

/** The status bar is shared by all extensions: characters beside the icon. */
export const longestStatusBarText = 24;

const pattern = /\$\{([^}]*)\}/g;
const placeholders: ReadonlySet<string> = new Set(statusBarPlaceholders);

/** Placeholders of a format that mean nothing. */
export function unknownPlaceholders(format: string): string[] {
  return [...format.matchAll(pattern)].map(([, name = '']) => name).filter((name) => !placeholders.has(name));
}

/** Fills a format in. A part between middle dots that is left empty is left out; what is too long is cut at a word. */
export function fillStatusBarFormat(format: string, values: Readonly<Record<StatusBarPlaceholder, string>>): string {
  const filled = format.replaceAll(pattern, (whole, name: string) => (isPlaceholder(name) ? values[name] : whole));
  const parts = filled.split('·').map((part) => part.replaceAll(/\s+/g, ' ').trim());
  return cut(parts.filter((part) => part !== '').join(' · '));
}

function isPlaceholder(name: string): name is StatusBarPlaceholder {
  return placeholders.has(name);
}

const segmenter = new Intl.Segmenter();

function cut(text: string): string {
  const characters = [...segmenter.segment(text)].map(({ segment }) => segment);
  if (characters.length <= longestStatusBarText) return text;
  const kept = characters.slice(0, longestStatusBarText - 1).join('');
  const atWord = kept.lastIndexOf(' ');
  return `${kept.slice(0, atWord > longestStatusBarText / 2 ? atWord : undefined).trimEnd()}…`;
}
