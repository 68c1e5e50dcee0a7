import { existsSync } from 'node:fs';
import path from 'node:path';
import { launcherVariables } from '../shared/launcherVariables.ts';
import { processWrapperName } from '../shared/launcherVerbs.ts';
import { type EnvironmentOverlay, overlayVariables } from '../shared/overlayVariables.ts';
import { isSessionToken } from '../shared/sessionToken.ts';
import { leaveTelemetry } from '../shared/telemetryVariables.ts';
import { wrapperValue, wrapperVariable } from '../shared/wrapperCommand.ts';

const authToken = 'ANTHROPIC_AUTH_TOKEN';

/**
 * The environment of Claude Code in a session. It asks its user about every `ANTHROPIC_API_KEY` that it has not seen and
 * warns of two credentials, but takes `ANTHROPIC_AUTH_TOKEN` without a word: so a session's key goes there alone. Source:
 * seen in Claude Code 2.1.330.
 * @param environment the agent's, with the overlay.
 * @param wrapper starts what Claude Code starts of itself, see `processWrapperScript`; the user's own stays.
 */
export function claudeEnvironment(
  environment: Readonly<Record<string, string>>,
  wrapper: string | undefined,
): Record<string, string> {
  const { [overlayVariables.anthropicApiKey]: key, ...rest } = environment;
  const isOurs = key !== undefined && isSessionToken(key);
  return {
    ...(isOurs ? { ...rest, [authToken]: key } : environment),
    ...(wrapper !== undefined && !(wrapperVariable in environment) && { [wrapperVariable]: wrapperValue([wrapper]) }),
  };
}

/**
 * Where the process wrapper is, beside the directory that this terminal finds engines in. Claude Code ignores it on Windows,
 * where a process cannot become another. Source: Claude Code documentation, "Corporate launcher".
 */
export function processWrapper(
  environment: Readonly<Record<string, string | undefined>>,
  platform: NodeJS.Platform,
): string | undefined {
  const home = environment[launcherVariables.home] ?? '';
  if (home === '' || platform === 'win32') return undefined;
  const wrapper = path.join(home, '..', 'bin', processWrapperName);
  return existsSync(wrapper) ? wrapper : undefined;
}

/**
 * Takes another session's key and addresses out, for a process that is to run without quota: they lead nowhere once
 * that session has ended.
 */
export function leaveSession(environment: Readonly<Record<string, string | undefined>>): EnvironmentOverlay {
  const { claudeApiKey, anthropicApiKey, claudeBaseUrl, anthropicBaseUrl, agentId, sessionId } = overlayVariables;
  const keys = [authToken, claudeApiKey, anthropicApiKey].filter((name) => isSessionToken(environment[name] ?? ''));
  const urls = [claudeBaseUrl, anthropicBaseUrl];
  const bound = keys.length > 0 ? urls : urls.filter((name) => isSessionUrl(environment[name] ?? ''));
  return {
    ...Object.fromEntries([...keys, ...bound, agentId, sessionId].map((name) => [name, null])),
    ...leaveTelemetry(environment),
  };
}

/** Whether a base URL is the gateway's with a session's key in it, as it is where a login is routed. */
function isSessionUrl(url: string): boolean {
  const [, key = ''] = /^http:\/\/127\.0\.0\.1:\d+\/s\/([^/]+)/.exec(url) ?? [];
  return isSessionToken(key);
}
