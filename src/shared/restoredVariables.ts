/**
 * Variables that give Claude Code back what it leaves out behind any base URL that is not Anthropic's. They restore what
 * it does by itself at api.anthropic.com; each is Claude Code's own, and the user's word on it goes before ours. Source:
 * Claude Code documentation, "Environment variables".
 */
export const restoredVariables = {
  /** MCP tool search: tools are described to the model when it asks for them. */
  ENABLE_TOOL_SEARCH: 'true',
  /** A tool's input streams as the model writes it, and not in one piece at its end. */
  CLAUDE_CODE_ENABLE_FINE_GRAINED_TOOL_STREAMING: '1',
  /** `traceparent` goes out with requests where the user has traces switched on. */
  CLAUDE_CODE_PROPAGATE_TRACEPARENT: '1',
} as const satisfies Readonly<Record<string, string>>;

/** Whether a variable of an overlay gives way to what the agent's environment has already. */
export function isRestored(name: string): boolean {
  return Object.hasOwn(restoredVariables, name);
}
