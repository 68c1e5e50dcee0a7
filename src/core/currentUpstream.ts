import { type Credentials, type Problem } from './credentials.ts';

/** The upstream as it is now: where it is, and whether it answers. */
export class CurrentUpstream {
  readonly #listeners = new Set<() => void>();
  #problem: Problem | undefined;
  #target: { readonly baseUrl: string; readonly key: string } | undefined;

  /** Where the gateway sends requests, and with which key; undefined while there is no key. */
  get target(): { readonly baseUrl: string; readonly key: string } | undefined {
    return this.#target;
  }

  /** What keeps it from answering; undefined while it answers. */
  get problem(): Problem | undefined {
    return this.#problem;
  }

  /** Takes effect for the next request, of running sessions too. */
  follow(credentials: Credentials): void {
    this.#target = credentials.kind === 'apiKey' ? { baseUrl: credentials.baseUrl, key: credentials.key } : undefined;
  }

  /** Something is wrong with it; undefined: no longer. */
  trouble(problem: Problem | undefined): void {
    this.#problem = problem;
    for (const listener of this.#listeners) listener();
  }

  /** Tells of troubles and their end. @returns a function that ends the calls. */
  onTrouble(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
