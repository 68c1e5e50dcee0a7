import type { Problem } from '../core/credentials.ts';
import type { UpstreamAddress } from './upstreamTarget.ts';

/** How the upstream is doing, by the last that was heard of it. */
export type UpstreamHealth =
  | { readonly kind: 'reachable' }
  /** It cannot be reached, or answers with failures of its own or a rejection of the real key. */
  | { readonly kind: 'troubled'; readonly problem: Problem };

/**
 * Follows how the upstream is doing. It tells each failure, so that one that was taken for over elsewhere is seen again,
 * and the first good answer after them.
 */
export class UpstreamHealthWatch {
  readonly #tell: (health: UpstreamHealth) => void;
  readonly #currentAddress: () => UpstreamAddress | undefined;
  #address: UpstreamAddress | undefined;
  /** The code of the last failure since the last good answer. */
  #trouble: string | undefined;

  /** @param currentAddress gives the same object for as long as the upstream is the same. */
  constructor(tell: (health: UpstreamHealth) => void, currentAddress: () => UpstreamAddress | undefined) {
    this.#tell = tell;
    this.#currentAddress = currentAddress;
  }

  /** @param path that was asked for, and answered with this status. */
  answered(address: UpstreamAddress, status: number, path: string): void {
    const problem = isOfLogin(status, address) ? undefined : problemOfStatus(status, address.host);
    if (problem !== undefined) this.failed(address, problem);
    else if (this.#isCurrent(address) && (this.#trouble !== 'key-rejected' || provesKey(status, path))) this.#recover();
  }

  failed(address: UpstreamAddress, problem: Problem): void {
    if (!this.#isCurrent(address)) return;
    this.#trouble = problem.code;
    this.#tell({ kind: 'troubled', problem });
  }

  /** What is heard of an earlier upstream, or of its key, says nothing about this one, which begins as reachable. */
  #isCurrent(address: UpstreamAddress): boolean {
    if (address !== this.#currentAddress()) return false;
    if (address !== this.#address) {
      this.#address = address;
      this.#recover();
    }
    return true;
  }

  #recover(): void {
    if (this.#trouble === undefined) return;
    this.#trouble = undefined;
    this.#tell({ kind: 'reachable' });
  }
}

/** A rejected login is its agent's own matter: nothing is wrong with the upstream, and nothing of ours was rejected. */
function isOfLogin(status: number, { key }: UpstreamAddress): boolean {
  return status === 401 && key === undefined;
}

/** Outside /v1 (`HEAD /api/hello`, say) no key is looked at; a limit is reached only by a key that is known. */
function provesKey(status: number, path: string): boolean {
  return path.startsWith('/v1/') && (status < 300 || status === 429);
}

/**
 * What an answer's status says about the upstream or the real key.
 * @returns undefined when it says nothing bad.
 */
export function problemOfStatus(status: number, host: string): Problem | undefined {
  if (status === 401) {
    return {
      code: 'key-rejected',
      severity: 'error',
      message: `${host} rejected the API key (401).`,
      nextStep: 'Run "Agent Quota: Test Authentication", which says where the key is from and how to give another.',
    };
  }
  if (status === 529 || status === 503) {
    return {
      code: 'upstream-overloaded',
      severity: 'warning',
      message: `${host} is overloaded (${status}).`,
      nextStep: 'Nothing is wrong here: agents try again by themselves. See status.claude.com if it lasts.',
      transient: 'failing',
    };
  }
  if (status < 500) return undefined;
  return {
    code: 'upstream-failing',
    severity: 'warning',
    message: `${host} answers with errors of its own (${status}).`,
    nextStep: 'Nothing is wrong here: agents try again by themselves. See status.claude.com if it lasts.',
    transient: 'failing',
  };
}

/**
 * What an `error` event in the middle of a stream says about the upstream. Source: API documentation, "Errors", which
 * has the status that goes with each type.
 * @returns undefined when it says nothing about the upstream.
 */
export function problemOfStreamError(type: string, host: string): Problem | undefined {
  if (type === 'overloaded_error') return problemOfStatus(529, host);
  return type === 'api_error' ? problemOfStatus(500, host) : undefined;
}
