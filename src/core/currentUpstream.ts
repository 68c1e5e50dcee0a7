import { type Credentials, type Problem, type UpstreamTarget, upstreamTargetOf } from './credentials.ts';
import { directNetwork, type UpstreamNetwork } from './upstreamNetwork.ts';

/** The upstream as it is now: where it is, how it is reached, and whether it answers. */
export class CurrentUpstream {
  readonly #listeners = new Set<() => void>();
  #problem: Problem | undefined;
  #target: UpstreamTarget | undefined;
  #network: UpstreamNetwork = directNetwork;
  #keyMayCome = false;

  /** Where the gateway sends requests; undefined while it sends none. */
  get target(): UpstreamTarget | undefined {
    return this.#target;
  }

  /** Whether there is no key only because the command for it has failed. */
  get keyMayCome(): boolean {
    return this.#keyMayCome;
  }

  /** How it is reached; the same object for as long as nothing of it changes. */
  get network(): UpstreamNetwork {
    return this.#network;
  }

  /** What keeps it from answering; undefined while it answers. */
  get problem(): Problem | undefined {
    return this.#problem;
  }

  /** What is wrong with it and what the test of the credentials found, each thing once. */
  problemsBeside(failure: Problem | undefined): Problem[] {
    const trouble = this.#problem;
    if (failure === undefined || trouble === undefined) return [failure ?? trouble ?? []].flat();
    // Of two that may end by themselves the upstream's is the later one.
    if (failure.transient !== undefined && trouble.transient !== undefined) return [trouble];
    return failure.code === trouble.code ? [failure] : [failure, trouble];
  }

  /** Takes effect for the next request, of running sessions too. @returns whether it is reached in another way now. */
  follow(credentials: Credentials, network: UpstreamNetwork): boolean {
    this.#target = upstreamTargetOf(credentials);
    this.#keyMayCome = credentials.kind === 'none' && credentials.mayCome === true;
    if (JSON.stringify(network) === JSON.stringify(this.#network)) return false;
    this.#network = network;
    return true;
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
