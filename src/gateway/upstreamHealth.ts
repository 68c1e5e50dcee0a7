import { type Problem } from '../core/credentials.ts';

/** How the upstream is doing, by the last that was heard of it. */
export type UpstreamHealth =
  | { readonly kind: 'reachable' }
  /** It cannot be reached, or answers with failures of its own or a rejection of the real key. */
  | { readonly kind: 'troubled'; readonly problem: Problem };

/** Follows how the upstream is doing and tells of changes only. */
export class UpstreamHealthWatch {
  readonly #onChange: (health: UpstreamHealth) => void;
  #code: string | undefined;

  constructor(onChange: (health: UpstreamHealth) => void) {
    this.#onChange = onChange;
  }

  /** @param status of an answer. */
  answered(status: number, host: string): void {
    const problem = problemOfStatus(status, host);
    if (problem !== undefined) this.failed(problem);
    else if (this.#code !== undefined) {
      this.#code = undefined;
      this.#onChange({ kind: 'reachable' });
    }
  }

  failed(problem: Problem): void {
    if (problem.code === this.#code) return;
    this.#code = problem.code;
    this.#onChange({ kind: 'troubled', problem });
  }
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
      nextStep:
        'Check that ANTHROPIC_API_KEY is complete, not revoked and made for this endpoint, then reload the window.',
    };
  }
  if (status === 529 || status === 503) {
    return {
      code: 'upstream-overloaded',
      severity: 'warning',
      message: `${host} is overloaded (${status}).`,
      nextStep: 'Nothing is wrong here: agents try again by themselves. See status.claude.com if it lasts.',
    };
  }
  if (status < 500) return undefined;
  return {
    code: 'upstream-failing',
    severity: 'warning',
    message: `${host} answers with errors of its own (${status}).`,
    nextStep: 'Nothing is wrong here: agents try again by themselves. See status.claude.com if it lasts.',
  };
}
