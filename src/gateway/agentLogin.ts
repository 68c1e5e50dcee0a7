import { isSessionToken } from '../shared/sessionToken.ts';
import type { LoopbackAnswer } from '../loopback/loopbackAnswer.ts';
import { sessionAnswers } from './sessionAnswers.ts';

/** Where a request's session token was. */
export type TokenPlace = 'path' | 'header';

/**
 * Whether a request brings a login that can go on as it is: one bearer token, not of ours, and no key beside it. What a
 * login looks like inside is its owner's; it is not looked at. Source: Claude Code sends `CLAUDE_CODE_OAUTH_TOKEN` and
 * its sign-in as `authorization: Bearer`.
 * @param rawHeaders alternating names and values as received.
 * @returns the answer to refuse the request with; undefined when it does.
 */
export function refuseWithoutLogin(rawHeaders: readonly string[]): LoopbackAnswer | undefined {
  const bearers: (string | undefined)[] = [];
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index]?.toLowerCase();
    const value = rawHeaders[index + 1] ?? '';
    if (name === 'x-api-key' && value !== '' && !isSessionToken(value)) return sessionAnswers.keyBesideLogin;
    if (name === 'authorization') bearers.push(/^bearer +(\S+)$/i.exec(value)?.[1]);
  }
  const [bearer] = bearers;
  if (bearers.length !== 1 || bearer === undefined || isSessionToken(bearer)) return sessionAnswers.noLogin;
  return undefined;
}
