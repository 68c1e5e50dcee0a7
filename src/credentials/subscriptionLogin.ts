import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import path from 'node:path';
import type { Clock } from '../core/clock.ts';

/** Where to look for a login. */
export interface SubscriptionLoginPlaces {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly platform: NodeJS.Platform;
  /** The user's home directory. */
  readonly home: string;
  /** Whether the macOS keychain has an item of this service; another in tests. */
  readonly keychainHolds?: (service: string) => Promise<boolean>;
}

const tokenVariable = 'CLAUDE_CODE_OAUTH_TOKEN';
/** `{}` is what a sign-out may leave. */
const emptyFileBytes = 2;

/**
 * Looks whether the user has signed in to Claude Code with a subscription. The login is Claude Code's own: only its
 * presence is looked for, and its content is never read.
 * @returns where it was seen, for people; undefined when there is none. Never rejects.
 */
export async function findSubscriptionLogin(places: SubscriptionLoginPlaces): Promise<string | undefined> {
  const { environment, platform, home, keychainHolds = asksKeychain } = places;
  if (isSet(environment[tokenVariable])) return tokenVariable;
  const setting = environment['CLAUDE_CONFIG_DIR'];
  const configured = isSet(setting) ? setting : undefined;
  const file = path.join(configured ?? path.join(home, '.claude'), '.credentials.json');
  if (await isFilled(file)) return `Claude Code's sign-in (${shortened(file, home)})`;
  const inKeychain = platform === 'darwin' && keychainHolds(keychainService(configured)).catch(() => false);
  if (await inKeychain) {
    return "Claude Code's sign-in (macOS keychain)";
  }
  return undefined;
}

/** A file that is written anew, or a keychain that is slow, is there again after so long, in milliseconds. */
const secondLookMs = 1000;

/**
 * The user's login as it was found last. Where there was one it is looked for twice before it is taken to be gone: agents
 * that run would be told so, and end.
 */
export class SubscriptionLogin {
  readonly #clock: Clock;
  #isKnown = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** See `findSubscriptionLogin`. */
  async find(places: SubscriptionLoginPlaces): Promise<string | undefined> {
    let found = await findSubscriptionLogin(places);
    if (found === undefined && this.#isKnown) {
      await new Promise<void>((resolve) => this.#clock.after(secondLookMs, resolve));
      found = await findSubscriptionLogin(places);
    }
    this.#isKnown = found !== undefined;
    return found;
  }
}

/**
 * Each configuration directory other than the usual one has a login of its own.
 * Source: seen in Claude Code 2.1.330; the usual name also in its documentation, "Credential management".
 */
function keychainService(configured: string | undefined): string {
  if (configured === undefined) return 'Claude Code-credentials';
  const hash = createHash('sha256').update(configured.normalize('NFC')).digest('hex');
  return `Claude Code-credentials-${hash.slice(0, 8)}`;
}

function isSet(value: string | undefined): value is string {
  return value !== undefined && value.trim() !== '';
}

async function isFilled(file: string): Promise<boolean> {
  return stat(file).then(
    (stats) => stats.isFile() && stats.size > emptyFileBytes,
    () => false,
  );
}

function shortened(file: string, home: string): string {
  const relative = path.relative(home, file);
  return relative.startsWith('..') || path.isAbsolute(relative) ? file : path.join('~', relative);
}

/**
 * Without `-w`, `security` tells by its exit code alone and asks the user for no permission. Rejects where it cannot be
 * started for some reasons.
 */
function asksKeychain(service: string): Promise<boolean> {
  return new Promise((resolve) => {
    const child = spawn('/usr/bin/security', ['find-generic-password', '-s', service], {
      stdio: 'ignore',
      timeout: 2000,
    });
    child.on('error', () => {
      resolve(false);
    });
    child.on('exit', (code) => {
      resolve(code === 0);
    });
  });
}
