/** The ids that package.json contributes; test/unit/contributions.test.ts holds the two together. */
export const commands = {
  showStatus: 'agentQuota.showStatus',
  showQuotaDetails: 'agentQuota.showQuotaDetails',
  testAuthentication: 'agentQuota.testAuthentication',
  cleanUpInactiveSessions: 'agentQuota.cleanUpInactiveSessions',
  releaseSession: 'agentQuota.releaseSession',
  pauseSession: 'agentQuota.pauseSession',
  resumeSession: 'agentQuota.resumeSession',
  setSessionWeight: 'agentQuota.setSessionWeight',
  focusTerminal: 'agentQuota.focusTerminal',
  startWithoutQuota: 'agentQuota.startWithoutQuota',
  filterSessions: 'agentQuota.filterSessions',
  clearSessionFilter: 'agentQuota.clearSessionFilter',
  groupByWorkspace: 'agentQuota.groupByWorkspace',
  groupByAgent: 'agentQuota.groupByAgent',
  listUngrouped: 'agentQuota.listUngrouped',
  showWalkthrough: 'agentQuota.showWalkthrough',
  setApiKey: 'agentQuota.setApiKey',
  forgetApiKey: 'agentQuota.forgetApiKey',
  newAgentTerminal: 'agentQuota.newAgentTerminal',
  putPanelUnderQuota: 'agentQuota.putPanelUnderQuota',
  undoPanel: 'agentQuota.undoPanel',
  putServiceUnderQuota: 'agentQuota.putServiceUnderQuota',
  undoService: 'agentQuota.undoService',
  copyPrometheusConfiguration: 'agentQuota.copyPrometheusConfiguration',
  initSharedLedger: 'agentQuota.initSharedLedger',
  checkSharedLedger: 'agentQuota.checkSharedLedger',
  showLog: 'agentQuota.showLog',
} as const;

export type CommandId = (typeof commands)[keyof typeof commands];

export const views = { sessions: 'agentQuota.sessions' } as const;
export const viewContainers = { agentQuota: 'agentQuota' } as const;
export const terminalProfiles = { claudeAgent: 'agentQuota.claudeAgent' } as const;
export const walkthroughs = { start: 'agentQuota.start' } as const;
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
  statusBarFormat: 'agentQuota.statusBar.format',
  notifyAtPercent: 'agentQuota.notifyAtPercent',
  earlyWarnings: 'agentQuota.earlyWarnings',
  ledger: 'agentQuota.ledger',
  ledgerAddressCommand: 'agentQuota.sharedLedger.addressCommand',
  ledgerWhenAway: 'agentQuota.sharedLedger.whenAway',
  ledgerSafeShareMinutes: 'agentQuota.sharedLedger.safeShareMinutes',
  ledgerHideNames: 'agentQuota.sharedLedger.hideNames',
} as const;

export const contextKeys = {
  /** True while at least one session is live. */
  hasSessions: 'agentQuota.hasSessions',
  /** True while an agent waits for a slot. */
  agentsWait: 'agentQuota.agentsWait',
  /** True once a request of any session has been metered. */
  hasMetered: 'agentQuota.hasMetered',
  /** True while this window has an API key of its own. */
  hasWindowKey: 'agentQuota.hasWindowKey',
  /** True while the panel of Claude Code's extension is there and not under quota. */
  panelOffered: 'agentQuota.panelOffered',
  /** True while the panel's setting is ours, or was. */
  panelChanged: 'agentQuota.panelChanged',
  /** True while Claude Code's settings have our wrapper. */
  serviceUnderQuota: 'agentQuota.serviceUnderQuota',
  /** How things are; see `Situation`. */
  situation: 'agentQuota.situation',
  /** How the sessions are grouped; see `Grouping`. */
  sessionGrouping: 'agentQuota.sessionGrouping',
  /** True while a filter hides sessions. */
  sessionsFiltered: 'agentQuota.sessionsFiltered',
} as const;

/** What a row of the Agent Sessions view is, for the `when` clauses of its menus; its flags come after it. */
export const rowKinds = {
  /** What sessions are listed under. */
  group: 'agentQuota.group',
  session: 'agentQuota.session',
  /** An agent that a session's agent has started. */
  subagent: 'agentQuota.subagent',
  waiting: 'agentQuota.waiting',
  /** Another machine that shares the quota, and a session of it: only to be looked at. */
  machine: 'agentQuota.machine',
  otherSession: 'agentQuota.otherSession',
  /** One fact about a session. */
  detail: 'agentQuota.detail',
} as const;
export type RowKind = (typeof rowKinds)[keyof typeof rowKinds];

/**
 * `pausable`: can be paused; `paused`: can be resumed; `terminal`: its terminal is in this window; `here`: waits in this
 * window.
 */
export const rowFlags = ['pausable', 'paused', 'terminal', 'here'] as const;
export type RowFlag = (typeof rowFlags)[number];
