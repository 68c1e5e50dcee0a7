/**
 * Makes text stand for itself in Markdown: names of agents and workspaces must not become links or markup. Addresses become
 * links without any markup: by `://`, `www.` or `@`. Source: GitHub Flavored Markdown, "Autolinks (extension)".
 */
export function escapeMarkdown(text: string): string {
  return text
    .replace(/\s+/g, ' ')
    .replace(/[\\`*_{}[\]()#+\-!|~$<>&@]|:(?=\/\/)|(?<=www)\./gi, (character) =>
      character === '<' ? '&lt;' : character === '>' ? '&gt;' : character === '&' ? '&amp;' : `\\${character}`,
    );
}
