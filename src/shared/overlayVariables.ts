/**
 * The environment variables of an agent's overlay. `CLAUDE_API_KEY`/`ANTHROPIC_API_KEY` and the two base URLs are
 * pairs: either name fills the other. The key is the session's token and the base URL is the gateway's, never the
 * user's own.
 */
export const overlayVariables = {
  claudeApiKey: 'CLAUDE_API_KEY',
  anthropicApiKey: 'ANTHROPIC_API_KEY',
  claudeBaseUrl: 'CLAUDE_BASE_URL',
  anthropicBaseUrl: 'ANTHROPIC_BASE_URL',
  agentId: 'CLAUDE_AGENT_ID',
  sessionId: 'CLAUDE_SESSION_ID',
  maxRequestsPerMinute: 'CLAUDE_MAX_REQUESTS_PER_MINUTE',
  maxTokensAllocated: 'CLAUDE_MAX_TOKENS_ALLOCATED',
} as const;

/**
 * How many subagents a session of Claude Code may have, in its own words: at once (its default is 20) and in all (200).
 * Source: Claude Code documentation, "Environment variables".
 */
export const subagentCapVariables = {
  atOnce: 'CLAUDE_CODE_MAX_CONCURRENT_SUBAGENTS',
  inAll: 'CLAUDE_CODE_MAX_SUBAGENTS_PER_SESSION',
} as const;

/**
 * Variables that carry a real credential and are taken out of a routed agent's environment, because they would win
 * over the session's own key or hand the user's secret to the agent.
 */
export const credentialVariables = ['ANTHROPIC_AUTH_TOKEN', 'CLAUDE_CODE_OAUTH_TOKEN'] as const;

/**
 * Variables that go before a subscription login, and are taken out of the environment of an agent whose login is
 * routed. Source: Claude Code documentation, "Authentication" › "Authentication precedence".
 */
export const variablesBeforeLogin = [
  overlayVariables.claudeApiKey,
  overlayVariables.anthropicApiKey,
  'ANTHROPIC_AUTH_TOKEN',
] as const;

/**
 * What a process's environment is changed by: a string sets the variable, `null` takes it out. The shape is the one of
 * VS Code's `TerminalOptions.env`.
 */
export type EnvironmentOverlay = Readonly<Record<string, string | null>>;
