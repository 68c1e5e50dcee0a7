import type { ControlSessions, LineMoved } from '../../../src/control/controlSessions.ts';
import type { ProcessTable } from '../../../src/core/processTable.ts';
import type { AgentAuth, AgentRequest } from '../../../src/core/quotaEngine.ts';
import type { ObservedBy } from '../../../src/core/session.ts';
import type { Problem } from '../../../src/core/credentials.ts';

export const noSlot: Problem = {
  code: 'no-slot',
  severity: 'error',
  message: 'All 1 slots are taken.',
  nextStep: 'Wait until an agent ends.',
};

/** Hands out one session after another, and records what it was asked. */
export class FakeSessions implements ControlSessions {
  /** Every call, as `name argument`. */
  readonly calls: string[] = [];
  readonly requests: AgentRequest[] = [];
  readonly live = new Set<string>();
  /** What sessions change in the environment. */
  overlay: Record<string, string | null> = {};
  /** Answers instead of a session. */
  answer: ((request: AgentRequest, sessionId: string) => Promise<AgentAuth>) | undefined;
  readonly #listeners = new Set<LineMoved>();
  readonly #wakers = new Set<() => void>();

  get listeners(): number {
    return this.#listeners.size;
  }

  async open(request: AgentRequest): Promise<AgentAuth> {
    this.requests.push(request);
    const sessionId = `s${this.requests.length}`;
    await this.#record(`open ${request.agentId}`);
    const auth = await (this.answer?.(request, sessionId) ?? Promise.resolve(this.session(request, sessionId)));
    if (auth.kind !== 'refused') this.live.add(auth.sessionId);
    return auth;
  }

  giveUp(ticket: string): Promise<void> {
    const index = this.requests.findIndex((request) => request.ticket === ticket);
    return this.#record(`giveUp ${index + 1}`);
  }

  observed(sessionId: string, by: ObservedBy): Promise<void> {
    return this.#record(`observed ${sessionId} ${by}`);
  }

  release(sessionId: string): Promise<void> {
    this.live.delete(sessionId);
    return this.#record(`release ${sessionId}`);
  }

  async resume(sessionId: string): Promise<boolean | 'elsewhere'> {
    await this.#record(`resume ${sessionId}`);
    if (sessionId === 'elsewhere') return 'elsewhere';
    return this.live.has(sessionId);
  }

  connectionLost(sessionId: string): Promise<void> {
    return this.#record(`connectionLost ${sessionId}`);
  }

  readonly observerPort = 4711;

  onLineMoved(listener: LineMoved): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  session(request: AgentRequest, sessionId: string): AgentAuth {
    return { kind: 'authenticated', mode: 'routed', agentId: request.agentId, sessionId, overlay: this.overlay };
  }

  /** Tells the newest request its place. */
  moveLine(place: number, running: readonly string[]): void {
    const request = this.requests.at(-1);
    if (request === undefined) throw new Error('Nobody waits.');
    const { ticket, agentId } = request;
    for (const listener of this.#listeners) listener({ ticket, agentId, place, waitingSince: 0 }, running);
  }

  /** Resolves when the call has been made. */
  async called(call: string): Promise<void> {
    while (!this.calls.includes(call)) {
      await new Promise<void>((resolve) => {
        this.#wakers.add(resolve);
      });
    }
  }

  #record(call: string): Promise<void> {
    this.calls.push(call);
    for (const wake of this.#wakers) wake();
    this.#wakers.clear();
    return Promise.resolve();
  }
}

/** Knows every process by its number alone. */
export const fakeProcessTable: ProcessTable = {
  identify: (pid) => ({ pid, startMark: 'then' }),
  isAlive: () => true,
};
