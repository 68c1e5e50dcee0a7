import { cleanName } from './cleanName.ts';

const longestGroup = 100;

/**
 * The models that share a limit upstream: Anthropic limits a family's major version as one (all of Opus 4.x together),
 * and the generation 3 models each for itself. A model of an unknown form is a group of its own.
 * Source: API documentation, "Rate limits" › "Spend limits and rate limits" (footnotes on Opus 4.x and Sonnet 4.x).
 */
export function modelGroup(model: string): string {
  const name = model
    .toLowerCase()
    .replace(/^.*(?:\/|anthropic\.)/, '')
    .replace(/\[\w+\]$/, '');
  const family = /^claude-([a-z]+)-(\d+)(?:[-.@]|$)/.exec(name);
  if (family !== null) return `${family[1] ?? ''}-${family[2] ?? ''}`;
  // It becomes part of a name in ledgers, and agents may ask for any model.
  return cleanName(name.replace(/[-@]\d{8}.*$/, ''), longestGroup);
}
