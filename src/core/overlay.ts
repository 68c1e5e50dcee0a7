import { noProxyVariables, noProxyWithLoopback } from '../shared/noProxy.ts';
import {
  credentialVariables,
  overlayVariables as names,
  subagentCapVariables as caps,
  type EnvironmentOverlay,
  variablesBeforeLogin,
} from '../shared/overlayVariables.ts';
import { restoredVariables } from '../shared/restoredVariables.ts';
import { telemetryOverlay } from '../shared/telemetryVariables.ts';
import { noLimits, type AgentLimits } from './agentRules.ts';
import { defaultBaseUrl } from './credentials.ts';
import type { Allocation } from './session.ts';

/** What an overlay is made of. */
export interface OverlayParts {
  readonly agentId: string;
  readonly sessionId: string;
  readonly allocation: Allocation;
  /** What the agent may use by its name. */
  readonly limits?: AgentLimits;
  /** Where a routed agent is sent, and as whom; absent for one that speaks to Anthropic directly. */
  readonly route?: {
    readonly gatewayUrl: string;
    readonly token: string;
    /** What the agent's requests carry: the token as their key, or a login of its own, and the token in their path. */
    readonly credential: 'token' | 'login';
    /** Hosts that the window's environment reaches without a proxy; undefined for none. */
    readonly noProxy: string | undefined;
    /** See {@link restoredFor}. */
    readonly restored: EnvironmentOverlay;
  };
  /** Where an observed agent reports; absent for one that does not. */
  readonly observe?: {
    /** The session's base URL at the observer; as secret as its token, which is in it. */
    readonly url: string;
    /** As with `route`. */
    readonly noProxy: string | undefined;
  };
}

/**
 * What gives Claude Code back the features that it leaves out because its base URL is the gateway's. An upstream that is
 * not Anthropic's would have been without them too, and may not know them.
 * @param baseUrl of the upstream.
 * @param environment of the window: what it sets is the user's word.
 */
export function restoredFor(
  baseUrl: string,
  environment: Readonly<Record<string, string | undefined>>,
): EnvironmentOverlay {
  if (new URL(baseUrl).host !== new URL(defaultBaseUrl).host) return {};
  return Object.fromEntries(Object.entries(restoredVariables).filter(([name]) => environment[name] === undefined));
}

/**
 * The environment of a session's process. A routed agent gets the session's token as its key under both names, and
 * loses every other variable that could carry the user's real credential; the gateway is reached without a proxy, and
 * what Claude Code leaves out behind it is restored. One whose login is routed keeps that and has no key that would go
 * before it; the gateway knows it by its base URL. An observed one keeps its own login, so neither key nor base URL is
 * touched: its telemetry is switched on and comes here. `CLAUDE_MAX_REQUESTS_PER_MINUTE` is left out where the plan has
 * no such limit.
 */
export function overlayFor({
  agentId,
  sessionId,
  allocation,
  limits = noLimits,
  route,
  observe,
}: OverlayParts): EnvironmentOverlay {
  return {
    ...(route !== undefined && {
      ...(route.credential === 'token' ? keyVariables(route) : loginVariables(route)),
      ...Object.fromEntries(noProxyVariables.map((name) => [name, noProxyWithLoopback(route.noProxy)])),
      ...route.restored,
    }),
    ...(observe !== undefined && {
      ...telemetryOverlay(observe.url),
      ...Object.fromEntries(noProxyVariables.map((name) => [name, noProxyWithLoopback(observe.noProxy)])),
    }),
    [names.agentId]: agentId,
    [names.sessionId]: sessionId,
    ...(allocation.requestsPerMinute !== undefined && {
      [names.maxRequestsPerMinute]: String(allocation.requestsPerMinute),
    }),
    [names.maxTokensAllocated]: String(allocation.tokens),
    ...(limits.concurrentSubagents !== undefined && { [caps.atOnce]: String(limits.concurrentSubagents) }),
    ...(limits.subagents !== undefined && { [caps.inAll]: String(limits.subagents) }),
  };
}

type Route = NonNullable<OverlayParts['route']>;

function keyVariables({ token, gatewayUrl }: Route): EnvironmentOverlay {
  return {
    ...Object.fromEntries(credentialVariables.map((name) => [name, null])),
    [names.claudeApiKey]: token,
    [names.anthropicApiKey]: token,
    [names.claudeBaseUrl]: gatewayUrl,
    [names.anthropicBaseUrl]: gatewayUrl,
  };
}

function loginVariables({ token, gatewayUrl }: Route): EnvironmentOverlay {
  const baseUrl = `${gatewayUrl}/s/${token}`;
  return {
    ...Object.fromEntries(variablesBeforeLogin.map((name) => [name, null])),
    [names.claudeBaseUrl]: baseUrl,
    [names.anthropicBaseUrl]: baseUrl,
  };
}
