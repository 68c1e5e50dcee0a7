import { isSessionToken } from '../shared/sessionToken.ts';
import { keySources } from './keySources.ts';
import { overlayVariables as names } from '../shared/overlayVariables.ts';

/** Where Claude's API is when nothing else is said. */
export const defaultBaseUrl = 'https://api.anthropic.com';

/** What the user's agents authenticate with. The key lives in memory only. */
export type Credentials =
  | {
      readonly kind: 'apiKey';
      readonly key: string;
      readonly baseUrl: string;
      readonly source: string;
      /** What stays the same where the key of one account changes by itself; absent where the key is the account. */
      readonly account?: string;
    }
  /** A login is Claude Code's own: its requests go to Anthropic directly, or as they are through the gateway. */
  | { readonly kind: 'subscription'; readonly source: string; readonly mode: 'observed' }
  | { readonly kind: 'subscription'; readonly source: string; readonly mode: 'routed'; readonly baseUrl: string }
  /** `mayCome`: a command that prints a key has failed, and is run again. */
  | { readonly kind: 'none'; readonly mayCome?: true };

/** How the agents of a subscription login reach Claude; `routed` is the user's informed choice. */
export type SubscriptionMode = 'observed' | 'routed';

/** Where the gateway sends requests, with which key: `key` is undefined where agents bring their own login. */
export interface UpstreamTarget {
  /** May have a path; see `detectCredentials`. */
  readonly baseUrl: string;
  readonly key: string | undefined;
  /** The key changes by itself: another one follows one that is rejected. */
  readonly renews?: true;
}

/** @returns undefined where nothing goes through the gateway. */
export function upstreamTargetOf(credentials: Credentials): UpstreamTarget | undefined {
  if (credentials.kind === 'apiKey') {
    const { baseUrl, key, account } = credentials;
    return account === undefined ? { baseUrl, key } : { baseUrl, key, renews: true };
  }
  if (credentials.kind !== 'subscription' || credentials.mode !== 'routed') return undefined;
  return { baseUrl: credentials.baseUrl, key: undefined };
}

/** Something that keeps agents from running as they should, and what to do about it. Holds no secret. */
export interface Problem {
  readonly code: string;
  readonly severity: 'warning' | 'error';
  /** One sentence, for people. */
  readonly message: string;
  /** One sentence that says what to do. */
  readonly nextStep: string;
  /**
   * The upstream's or the network's, and may end by itself, for which is looked again and again. Any answer ends
   * `unreachable`; `failing`: there are answers, but they are failures.
   */
  readonly transient?: 'unreachable' | 'failing';
}

export interface DetectedCredentials {
  readonly credentials: Credentials;
  readonly problems: readonly Problem[];
}

/** What the command that prints the user's key gave. */
export interface CommandKey {
  /** As the user has set it. */
  readonly line: string;
  /** Undefined when it has given none yet. */
  readonly key: string | undefined;
  /** What kept it from giving one when it was run last. */
  readonly problem: Problem | undefined;
}

/** Where credentials are looked for, those that win first. */
export interface CredentialSources {
  /** A key that the user has set for this window. */
  readonly windowKey?: string | undefined;
  /** Undefined while the user has set no command. It is not passed over when it fails: its account is what is meant. */
  readonly command?: CommandKey | undefined;
  /** The variables of the window's process. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Where a login of Claude Code's own was seen (never its content); undefined for none. */
  readonly subscriptionLogin?: string | undefined;
  /** `observed` when left out. */
  readonly subscriptionMode?: SubscriptionMode;
}

/** Finds the user's credentials. An API key wins over a subscription login, as it does in Claude Code itself. */
export function detectCredentials(sources: CredentialSources): DetectedCredentials {
  const problems: Problem[] = [];
  const none = (): DetectedCredentials => ({ credentials: { kind: 'none' }, problems });
  const { environment, subscriptionLogin, subscriptionMode = 'observed' } = sources;
  const key = findKey(sources, problems);
  if (key === 'failed') return { credentials: { kind: 'none', mayCome: true }, problems };
  if (key !== undefined && isSessionToken(key.value)) {
    problems.push({
      code: 'inside-agent',
      severity: 'error',
      message: 'This window was started from an agent terminal, whose key is a session’s and not yours.',
      nextStep: 'Close it and start VS Code from elsewhere, so that it has your own credentials.',
    });
    return none();
  }
  const base = pick(environment, names.anthropicBaseUrl, names.claudeBaseUrl, problems);
  if (key !== undefined) {
    const baseUrl = usableBaseUrl(base, problems);
    if (baseUrl === undefined) return none();
    const { value, name, account } = key;
    const credentials = { kind: 'apiKey', key: value, baseUrl, source: name } as const;
    return { credentials: account === undefined ? credentials : { ...credentials, account }, problems };
  }
  if (subscriptionLogin !== undefined) {
    const login = { kind: 'subscription', source: subscriptionLogin } as const;
    if (subscriptionMode === 'observed') return { credentials: { ...login, mode: 'observed' }, problems };
    const baseUrl = usableBaseUrl(base, problems);
    return baseUrl === undefined ? none() : { credentials: { ...login, mode: 'routed', baseUrl }, problems };
  }
  problems.push({
    code: 'no-credentials',
    severity: 'error',
    message: 'No Claude credentials were found, so agents start without quota.',
    nextStep:
      `Set ${names.anthropicApiKey} in the environment that VS Code starts from and reload the window, sign in with ` +
      'Claude Code, or run "Agent Quota: Set API Key for This Window".',
  });
  return none();
}

/** A variable's value, or a key from elsewhere. */
interface FoundValue {
  readonly value: string;
  /** Of where it is from. */
  readonly name: string;
  readonly account?: string;
}

/** @returns `failed` when it is to be had of a command that gives none. */
function findKey(
  { windowKey, command, environment }: CredentialSources,
  problems: Problem[],
): FoundValue | 'failed' | undefined {
  if (windowKey !== undefined) return { value: windowKey, name: keySources.window };
  if (command === undefined) return pick(environment, names.anthropicApiKey, names.claudeApiKey, problems);
  const { key, line, problem } = command;
  if (problem !== undefined) problems.push(problem);
  return key === undefined ? 'failed' : { value: key, name: keySources.command, account: `command ${line}` };
}

/** The one of two variables that is set. */
function pick(
  environment: CredentialSources['environment'],
  first: string,
  second: string,
  problems: Problem[],
): FoundValue | undefined {
  const a = environment[first]?.trim() ?? '';
  const b = environment[second]?.trim() ?? '';
  if (a !== '' && b !== '' && a !== b) {
    problems.push({
      code: 'conflicting-variables',
      severity: 'warning',
      message: `${first} and ${second} differ; ${first} is used.`,
      nextStep: `Set only one of the two, or both to the same value, and start VS Code again.`,
    });
  }
  if (a !== '') return { value: a, name: first };
  return b === '' ? undefined : { value: b, name: second };
}

function usableBaseUrl(base: { value: string; name: string } | undefined, problems: Problem[]): string | undefined {
  if (base === undefined) return defaultBaseUrl;
  const url = URL.canParse(base.value) ? new URL(base.value) : undefined;
  const usable = url?.protocol === 'https:' || (url?.protocol === 'http:' && isLoopback(url.hostname));
  const isPlain = url?.username === '' && url.password === '' && url.search === '' && url.hash === '';
  if (usable && isPlain) return url.origin + url.pathname.replace(/\/+$/, '');
  problems.push({
    code: 'bad-base-url',
    severity: 'error',
    message: `${base.name} is not an address that credentials may be sent to, so agents start without quota.`,
    nextStep: `Give an https:// address without user name and query (http:// only for this machine), then reload the window.`,
  });
  return undefined;
}

function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d+){3}$/.test(hostname);
}
