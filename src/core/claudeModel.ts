/** The short names that Claude Code takes for models. Source: Claude Code documentation, "Model configuration". */
const aliases = new Set(['default', 'opus', 'sonnet', 'haiku', 'opusplan', 'best', 'fable']);

/**
 * Whether a model's name means Claude, and so whether an agent that uses it needs a session here. Knows Claude Code's
 * aliases (`sonnet`, `opus[1m]`), Anthropic's ids and those of clouds that resell them (`us.anthropic.claude-…`,
 * `anthropic/claude-…`, `claude-…@date`).
 */
export function needsClaudeAuth(model: string): boolean {
  const name = model.trim().toLowerCase();
  if (aliases.has(name.replace(/\[\w+\]$/, ''))) return true;
  return /(^|[./:])claude[-.\d]/.test(name) || name === 'claude';
}
