import { noProxyVariables, noProxyWithLoopback } from '../shared/noProxy.ts';
import { credentialVariables, overlayVariables as names, type EnvironmentOverlay } from '../shared/overlayVariables.ts';
import { type Allocation } from './session.ts';

/** What an overlay is made of. */
export interface OverlayParts {
  readonly agentId: string;
  readonly sessionId: string;
  readonly allocation: Allocation;
  /** Where a routed agent is sent, and as whom; absent for one that speaks to Anthropic directly. */
  readonly route?: {
    readonly gatewayUrl: string;
    readonly token: string;
    /** Hosts that the window's environment reaches without a proxy; undefined for none. */
    readonly noProxy: string | undefined;
  };
}

/**
 * The environment of a session's process. A routed agent gets the session's token as its key under both names, and
 * loses every other variable that could carry the user's real credential; the gateway is reached without a proxy; an observed one keeps its own login, so
 * neither key nor base URL is touched. `CLAUDE_MAX_REQUESTS_PER_MINUTE` is left out where the plan has no such limit.
 */
export function overlayFor({ agentId, sessionId, allocation, route }: OverlayParts): EnvironmentOverlay {
  return {
    ...(route !== undefined && {
      ...Object.fromEntries(credentialVariables.map((name) => [name, null])),
      [names.claudeApiKey]: route.token,
      [names.anthropicApiKey]: route.token,
      [names.claudeBaseUrl]: route.gatewayUrl,
      [names.anthropicBaseUrl]: route.gatewayUrl,
      ...Object.fromEntries(noProxyVariables.map((name) => [name, noProxyWithLoopback(route.noProxy)])),
    }),
    [names.agentId]: agentId,
    [names.sessionId]: sessionId,
    ...(allocation.requestsPerMinute !== undefined && {
      [names.maxRequestsPerMinute]: String(allocation.requestsPerMinute),
    }),
    [names.maxTokensAllocated]: String(allocation.tokens),
  };
}
