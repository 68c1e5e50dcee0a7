import { tokenEnding } from './secretSource.ts';
import { overlayVariables as names } from '../shared/overlayVariables.ts';

/** Where Claude's API is when nothing else is said. */
export const defaultBaseUrl = 'https://api.anthropic.com';

/** What the user's agents authenticate with. The key lives in memory only. */
export type Credentials =
  | { readonly kind: 'apiKey'; readonly key: string; readonly baseUrl: string; readonly source: string }
  | { readonly kind: 'subscription'; readonly source: string }
  | { readonly kind: 'none' };

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

/**
 * Finds the user's credentials. An API key in the environment wins over a subscription login, as it does in Claude
 * Code itself.
 * @param environment the variables of the window's process.
 * @param subscriptionLogin where a login of Claude Code's own was seen (never its content); undefined for none.
 */
export function detectCredentials(
  environment: Readonly<Record<string, string | undefined>>,
  subscriptionLogin: string | undefined,
): DetectedCredentials {
  const problems: Problem[] = [];
  const pick = (first: string, second: string): { value: string; name: string } | undefined => {
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
  };
  const key = pick(names.anthropicApiKey, names.claudeApiKey);
  if (key?.value.endsWith(tokenEnding) === true) {
    problems.push({
      code: 'inside-agent',
      severity: 'error',
      message: 'This window was started from an agent terminal, whose key is a session’s and not yours.',
      nextStep: 'Close it and start VS Code from elsewhere, so that it has your own credentials.',
    });
    return { credentials: { kind: 'none' }, problems };
  }
  const base = pick(names.anthropicBaseUrl, names.claudeBaseUrl);
  if (key !== undefined) {
    const baseUrl = usableBaseUrl(base, problems);
    if (baseUrl === undefined) return { credentials: { kind: 'none' }, problems };
    return { credentials: { kind: 'apiKey', key: key.value, baseUrl, source: key.name }, problems };
  }
  if (subscriptionLogin !== undefined) {
    return { credentials: { kind: 'subscription', source: subscriptionLogin }, problems };
  }
  problems.push({
    code: 'no-credentials',
    severity: 'error',
    message: 'No Claude credentials were found, so agents start without quota.',
    nextStep: `Set ${names.anthropicApiKey} in the environment that VS Code starts from, or sign in with Claude Code, then reload the window.`,
  });
  return { credentials: { kind: 'none' }, problems };
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
    message: `${base.name} is not an address that a key may be sent to, so agents start without quota.`,
    nextStep: `Give an https:// address without user name and query (http:// only for this machine), then reload the window.`,
  });
  return undefined;
}

function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d+){3}$/.test(hostname);
}
