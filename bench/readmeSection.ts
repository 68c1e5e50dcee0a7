import { readFileSync, writeFileSync } from 'node:fs';

const readme = new URL('README.md', import.meta.url);

/**
 * Replaces one marked section of the benchmarks' README.
 * @param name of the section, which stands between `<!-- name -->` and `<!-- /name -->`.
 */
export function writeReadmeSection(name: string, content: string): void {
  writeFileSync(readme, replaceSection(readFileSync(readme, 'utf8'), name, content));
}

/** @throws Error when the text has no such section. */
export function replaceSection(text: string, name: string, content: string): string {
  const [begin, end] = [`<!-- ${name} -->`, `<!-- /${name} -->`];
  const from = text.indexOf(begin);
  const to = text.indexOf(end);
  if (from < 0 || to < from) throw new Error(`bench/README.md has no section ${name}.`);
  return `${text.slice(0, from)}${begin}\n\n${content.trim()}\n\n${text.slice(to)}`;
}
