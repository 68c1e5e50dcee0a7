import * as z from 'zod';
import { settings as ids } from '../contributions.ts';
import type { AgentRule } from '../core/agentRules.ts';
import type { Problem, SubscriptionMode } from '../core/credentials.ts';
import type { AwayPolicy } from '../core/lease.ts';
import { type ApiKeyPlan, apiKeyDefaults, type MaxSubscriptionPlan, maxSubscriptionDefaults } from '../core/plan.ts';
import type { SharedLedgerStart } from '../core/quotaEngine.ts';
import type { OtlpTarget, Reporting } from '../core/reporting.ts';
import type { NetworkSettings } from '../core/upstreamNetwork.ts';
import { readAgentRules } from './agentRuleSettings.ts';
import { readNetworkSettings } from './networkSettings.ts';
import { readPriceRules } from './priceSettings.ts';
import { shownValue } from './shownValue.ts';
import { defaultStatusBarFormat, statusBarPlaceholders, unknownPlaceholders } from './statusBarFormat.ts';

/** The user's settings, checked. Durations are in milliseconds. */
export interface Settings {
  /** `auto`: what the credentials say. */
  readonly plan: 'auto' | 'MaxSubscription' | 'ApiKey';
  readonly subscriptionMode: SubscriptionMode;
  readonly maxSubscription: Omit<MaxSubscriptionPlan, 'kind'>;
  /** See `QuotaTerms`. */
  readonly dailyTokens: 'fallback' | 'reported';
  /** What single agents may use, in the order of the setting. */
  readonly agents: readonly AgentRule[];
  readonly apiKey: Omit<ApiKeyPlan, 'kind'>;
  /** What prints the user's key; `line` is empty for no command. */
  readonly apiKeyCommand: { readonly line: string; readonly refreshMs: number };
  readonly inactivityMs: number;
  readonly longestWaitMs: number;
  /** Share of the quota from which on the status bar warns, 1 to 100. */
  readonly warnAtPercent: number;
  /** Whether `claude` in terminals and tasks takes a session. */
  readonly wrapClaude: boolean;
  readonly reporting: Reporting;
  /** See `fillStatusBarFormat`. */
  readonly statusBarFormat: string;
  /** Shares of a limit at which the user is told, 1 to 100, each once; empty for never. */
  readonly notifyAtPercent: readonly number[];
  /** Whether the user is told of what is going to run out. */
  readonly earlyWarnings: boolean;
  /** How the quota is shared with other machines; undefined where it is this machine's alone. */
  readonly sharedLedger: Omit<SharedLedgerStart, 'script'> | undefined;
  /** What VS Code's own settings say about proxies and certificates. */
  readonly network: NetworkSettings;
}

interface Rule<T> {
  readonly id: string;
  readonly schema: z.ZodType<T>;
  readonly fallback: T;
  /** What a value must be, for a sentence that starts with "Give". */
  readonly wanted: string;
  /** Whether a value may hold a secret, so that it is not shown. */
  readonly secret?: true;
}

const msPerMinute = 60_000;

function count(id: string, fallback: number): Rule<number> {
  return { id, fallback, schema: z.int().min(1), wanted: 'a whole number of at least 1' };
}

function range(id: string, fallback: number, minimum: number, maximum: number): Rule<number> {
  const wanted = `a number from ${minimum} to ${maximum}`;
  return { id, fallback, schema: z.number().min(minimum).max(maximum), wanted };
}

const planRule: Rule<Settings['plan']> = {
  id: ids.plan,
  fallback: 'auto',
  schema: z.enum(['auto', 'MaxSubscription', 'ApiKey']),
  wanted: '"auto", "MaxSubscription" or "ApiKey"',
};

const modeRule: Rule<SubscriptionMode> = {
  id: ids.subscriptionMode,
  fallback: 'observed',
  schema: z.enum(['observed', 'routed']),
  wanted: '"observed" or "routed"',
};

const limitRule: Rule<'dailyTokens' | 'reported'> = {
  id: ids.maxSubscriptionLimit,
  fallback: 'dailyTokens',
  schema: z.enum(['dailyTokens', 'reported']),
  wanted: '"dailyTokens" or "reported"',
};

const keyCommandRule: Rule<string> = {
  id: ids.apiKeyCommand,
  fallback: '',
  schema: z.string().trim(),
  wanted: 'a command line as a text',
  secret: true,
};
const wrapRule: Rule<boolean> = { id: ids.wrapClaude, fallback: true, schema: z.boolean(), wanted: 'true or false' };

const transcriptsRule: Rule<boolean> = {
  id: ids.historyTranscripts,
  fallback: true,
  schema: z.boolean(),
  wanted: 'true or false',
};

const formatRule: Rule<string> = {
  id: ids.statusBarFormat,
  fallback: defaultStatusBarFormat,
  schema: z.string().refine((format) => unknownPlaceholders(format).length === 0),
  wanted: `a text with no placeholders but ${statusBarPlaceholders.map((name) => `\${${name}}`).join(', ')}`,
};

const notifyRule: Rule<readonly number[]> = {
  id: ids.notifyAtPercent,
  fallback: [75, 90, 100],
  schema: z.array(z.number().min(1).max(100)),
  wanted: 'a list of numbers from 1 to 100',
};

const earlyRule: Rule<boolean> = {
  id: ids.earlyWarnings,
  fallback: true,
  schema: z.boolean(),
  wanted: 'true or false',
};

const prometheusRule: Rule<boolean> = { ...transcriptsRule, id: ids.metricsPrometheus, fallback: false };

/** It may have a password in it. */
const otlpEndpointRule: Rule<string> = {
  id: ids.metricsOtlpEndpoint,
  fallback: '',
  schema: z.union([z.literal(''), z.url({ protocol: /^https?$/ })]),
  wanted: 'an address that begins with http:// or https://',
  secret: true,
};

const otlpHeadersRule: Rule<Readonly<Record<string, string>>> = {
  id: ids.metricsOtlpHeaders,
  fallback: {},
  schema: z.record(z.string().regex(/^[\w!#$%&'*+.^`|~-]+$/), z.string().regex(/^[\t\x20-\x7e\x80-\xff]*$/)),
  wanted: 'an object of header names and values, each a text,',
  secret: true,
};

const ledgerRule: Rule<'local' | 'postgres'> = {
  id: ids.ledger,
  fallback: 'local',
  schema: z.enum(['local', 'postgres']),
  wanted: '"local" or "postgres"',
};

const addressCommandRule: Rule<string> = { ...keyCommandRule, id: ids.ledgerAddressCommand };

const awayRule: Rule<'safeShare' | 'wait'> = {
  id: ids.ledgerWhenAway,
  fallback: 'safeShare',
  schema: z.enum(['safeShare', 'wait']),
  wanted: '"safeShare" or "wait"',
};

const hideNamesRule: Rule<boolean> = { ...transcriptsRule, id: ids.ledgerHideNames, fallback: false };

const rules = {
  plan: planRule,
  dailyTokens: count(ids.maxSubscriptionDailyTokens, maxSubscriptionDefaults.dailyTokens),
  subscriptionAgents: count(ids.maxSubscriptionConcurrentAgents, maxSubscriptionDefaults.concurrentAgents),
  requestsPerMinute: count(ids.apiKeyRequestsPerMinute, apiKeyDefaults.requestsPerMinute),
  tokensPerMinute: count(ids.apiKeyTokensPerMinute, apiKeyDefaults.tokensPerMinute),
  apiKeyAgents: count(ids.apiKeyConcurrentAgents, apiKeyDefaults.concurrentAgents),
  inactivityMinutes: range(ids.inactivityMinutes, 30, 0.1, 1440),
  // The SDK ends a request after 5 minutes without headers: a wait must leave time for the answer.
  longestWaitMinutes: range(ids.longestWaitMinutes, 3, 0, 4),
  warnAtPercent: range(ids.warnAtPercent, 80, 1, 100),
  transcripts: transcriptsRule,
  prometheus: prometheusRule,
  otlpEndpoint: otlpEndpointRule,
  otlpHeaders: otlpHeadersRule,
  statusBarFormat: formatRule,
  notifyAtPercent: notifyRule,
  earlyWarnings: earlyRule,
  limit: limitRule,
  subscriptionMode: modeRule,
  keyCommand: keyCommandRule,
  keyCommandMinutes: range(ids.apiKeyCommandMinutes, 5, 1, 1440),
  wrapClaude: wrapRule,
  ledger: ledgerRule,
  addressCommand: addressCommandRule,
  whenAway: awayRule,
  safeShareMinutes: range(ids.ledgerSafeShareMinutes, 10, 1, 1440),
  hideNames: hideNamesRule,
};

/** What each setting is when the user has not set it; package.json says the same. */
export const settingDefaults: Readonly<Record<string, unknown>> = Object.fromEntries<unknown>([
  ...Object.values(rules).map((rule) => [rule.id, rule.fallback] as const),
  [ids.agents, {}],
  [ids.prices, {}],
]);

/**
 * Checks raw values, because VS Code does not hold settings to their schema.
 * @param valueOf a setting's raw value by its id; undefined when it is not set.
 * @returns settings with the default for each bad value, and a problem for each of them.
 */
export function readSettings(valueOf: (id: string) => unknown): { settings: Settings; problems: Problem[] } {
  const problems: Problem[] = [];
  function read<T>(rule: Rule<T>): T {
    const value = valueOf(rule.id);
    if (value === undefined) return rule.fallback;
    const checked = rule.schema.safeParse(value);
    if (checked.success) return checked.data;
    problems.push({
      code: `bad-setting:${rule.id}`,
      severity: 'warning',
      message:
        `The setting ${rule.id} is ${rule.secret === true ? 'not what it should be' : shownValue(value)}, so its ` +
        `default ${shownValue(rule.fallback)} is used.`,
      nextStep: `Give ${rule.wanted} in the user settings.`,
    });
    return rule.fallback;
  }
  const agents = readAgentRules(valueOf(ids.agents));
  problems.push(...agents.problems);
  const prices = readPriceRules(valueOf(ids.prices));
  problems.push(...prices.problems);
  const { network, problems: networkProblems } = readNetworkSettings(valueOf);
  problems.push(...networkProblems);
  const shared = {
    whenAway: awayPolicy(read(rules.whenAway), read(rules.safeShareMinutes)),
    hideNames: read(rules.hideNames),
    addressCommand: read(rules.addressCommand),
  };
  const settings: Settings = {
    plan: read(rules.plan),
    subscriptionMode: read(rules.subscriptionMode),
    maxSubscription: { dailyTokens: read(rules.dailyTokens), concurrentAgents: read(rules.subscriptionAgents) },
    apiKey: {
      requestsPerMinute: read(rules.requestsPerMinute),
      tokensPerMinute: read(rules.tokensPerMinute),
      concurrentAgents: read(rules.apiKeyAgents),
    },
    apiKeyCommand: {
      line: read(rules.keyCommand),
      refreshMs: Math.round(read(rules.keyCommandMinutes) * msPerMinute),
    },
    dailyTokens: read(rules.limit) === 'reported' ? 'reported' : 'fallback',
    agents: agents.rules,
    inactivityMs: Math.round(read(rules.inactivityMinutes) * msPerMinute),
    longestWaitMs: Math.round(read(rules.longestWaitMinutes) * msPerMinute),
    warnAtPercent: read(rules.warnAtPercent),
    wrapClaude: read(rules.wrapClaude),
    reporting: {
      transcripts: read(rules.transcripts),
      prices: prices.rules,
      prometheus: read(rules.prometheus),
      otlp: otlpTarget(read(rules.otlpEndpoint), read(rules.otlpHeaders)),
    },
    statusBarFormat: read(rules.statusBarFormat),
    notifyAtPercent: read(rules.notifyAtPercent),
    earlyWarnings: read(rules.earlyWarnings),
    sharedLedger: read(rules.ledger) === 'postgres' ? shared : undefined,
    network,
  };
  return { settings, problems };
}

function otlpTarget(endpoint: string, headers: Readonly<Record<string, string>>): OtlpTarget | undefined {
  return endpoint === '' ? undefined : { endpoint, headers };
}

function awayPolicy(kind: 'safeShare' | 'wait', minutes: number): AwayPolicy {
  return kind === 'wait' ? { kind } : { kind: 'safe-share', forMs: Math.round(minutes * msPerMinute) };
}
