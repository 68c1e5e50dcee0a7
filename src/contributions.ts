/** The ids that package.json contributes; test/unit/contributions.test.ts holds the two together. */
export const commands = {
  showStatus: 'agentQuota.showStatus',
  showQuotaDetails: 'agentQuota.showQuotaDetails',
  testAuthentication: 'agentQuota.testAuthentication',
  cleanUpInactiveSessions: 'agentQuota.cleanUpInactiveSessions',
  releaseSession: 'agentQuota.releaseSession',
  setApiKey: 'agentQuota.setApiKey',
  forgetApiKey: 'agentQuota.forgetApiKey',
  newAgentTerminal: 'agentQuota.newAgentTerminal',
  copyPrometheusConfiguration: 'agentQuota.copyPrometheusConfiguration',
  showLog: 'agentQuota.showLog',
} as const;

export type CommandId = (typeof commands)[keyof typeof commands];

export const views = { sessions: 'agentQuota.sessions' } as const;
export const viewContainers = { agentQuota: 'agentQuota' } as const;
export const terminalProfiles = { claudeAgent: 'agentQuota.claudeAgent' } as const;
export const taskTypes = { claudeAgent: 'claude-agent' } as const;
export const webviewPanels = { quotaDetails: 'agentQuota.quotaDetails' } as const;

export const settings = {
  plan: 'agentQuota.plan',
  subscriptionMode: 'agentQuota.subscription.mode',
  maxSubscriptionDailyTokens: 'agentQuota.maxSubscription.dailyTokens',
  maxSubscriptionLimit: 'agentQuota.maxSubscription.limit',
  maxSubscriptionConcurrentAgents: 'agentQuota.maxSubscription.concurrentAgents',
  apiKeyRequestsPerMinute: 'agentQuota.apiKey.requestsPerMinute',
  apiKeyTokensPerMinute: 'agentQuota.apiKey.tokensPerMinute',
  apiKeyConcurrentAgents: 'agentQuota.apiKey.concurrentAgents',
  agents: 'agentQuota.agents',
  apiKeyCommand: 'agentQuota.apiKeyCommand',
  apiKeyCommandMinutes: 'agentQuota.apiKeyCommandMinutes',
  prices: 'agentQuota.prices',
  metricsPrometheus: 'agentQuota.metrics.prometheus',
  metricsOtlpEndpoint: 'agentQuota.metrics.otlp.endpoint',
  metricsOtlpHeaders: 'agentQuota.metrics.otlp.headers',
  historyTranscripts: 'agentQuota.history.transcripts',
  inactivityMinutes: 'agentQuota.inactivityMinutes',
  longestWaitMinutes: 'agentQuota.longestWaitMinutes',
  warnAtPercent: 'agentQuota.warnAtPercent',
  wrapClaude: 'agentQuota.terminal.wrapClaude',
} as const;

export const contextKeys = {
  /** True while at least one session is live. */
  hasSessions: 'agentQuota.hasSessions',
  /** True while this window has an API key of its own. */
  hasWindowKey: 'agentQuota.hasWindowKey',
} as const;

/** What a row of the Agent Sessions view is, for the `when` clauses of its menus. */
export const rowKinds = {
  session: 'agentQuota.session',
  /** An agent that a session's agent has started. */
  subagent: 'agentQuota.subagent',
  waiting: 'agentQuota.waiting',
} as const;
