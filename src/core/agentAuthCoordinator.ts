import { withoutQuotaCode } from '../shared/launcherLines.ts';
import { agentIdSchema } from '../shared/launcherMessages.ts';
import { recordOf, recordsOf } from './agentRecords.ts';
import { limitsOfAgent } from './agentRules.ts';
import { authHealth } from './authHealth.ts';
import { CredentialCheck } from './credentialCheck.ts';
import type { ClaudeQuotaManager } from './claudeQuotaManager.ts';
import type { QuotaManagerParts } from './quotaManagerParts.ts';
import { type Credentials, type Problem, upstreamTargetOf } from './credentials.ts';
import type { CurrentUpstream } from './currentUpstream.ts';
import type { FirstConfiguration } from './firstConfiguration.ts';
import { overlayFor, restoredFor } from './overlay.ts';
import type { ProcessTable } from './processTable.ts';
import { problems } from './problems.ts';
import { isServedBy } from './quotaTerms.ts';
import type {
  AgentAuth,
  AgentRecord,
  AgentRequest,
  AuthHealth,
  AuthTest,
  EngineConfiguration,
  EngineSnapshot,
} from './quotaEngine.ts';
import type { LedgerView } from './ledger.ts';
import { SessionKeeper } from './sessionKeeper.ts';
import { UpstreamProbe } from './upstreamProbe.ts';
import type { ObservedBy, ProcessIdentity, Session } from './session.ts';
import { SlotQueue, type LineListener, type SlotOutcome } from './slotQueue.ts';

/** What a coordinator works with. */
export interface CoordinatorParts extends QuotaManagerParts {
  readonly manager: ClaudeQuotaManager;
  readonly processes: ProcessTable;
  /** The process that this engine runs in: the holder of sessions whose own process is not known (yet). */
  readonly ownProcess: ProcessIdentity;
  /** Where routed agents are sent. */
  readonly gatewayUrl: () => string;
  /** Where the agent of an observed session reports. */
  readonly observerUrl: (token: string) => string;
  /** Hosts that the window's environment reaches without a proxy; undefined for none. */
  readonly noProxy: string | undefined;
  /** The window's, which agents inherit. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** One real, cheap call with the credentials. */
  readonly testCredentials: (credentials: Credentials) => Promise<AuthTest>;
  readonly upstream: CurrentUpstream;
  /** Is told of each configuration; agents are set up after the first, or without when it does not come. */
  readonly configured: FirstConfiguration;
  /** Sessions that are not known now may be later. */
  readonly sessionsMayReturn: boolean;
  /** What the ledger is kept in. */
  readonly kept: EngineSnapshot['ledger'];
  readonly lineMoved: LineListener;
  /** Something that the user is told once. */
  readonly problemFound: (problem: Problem) => void;
}

/** Sets agents up with a session of their own and takes it back: the face of the quota core for whoever starts agents. */
export class AgentAuthCoordinator {
  readonly #parts: CoordinatorParts;
  readonly #check: CredentialCheck;
  readonly #queue: SlotQueue;
  readonly #keeper: SessionKeeper;
  readonly #probe: UpstreamProbe;
  readonly #stopListening: readonly (() => void)[];
  #configuration: EngineConfiguration | undefined;

  constructor(parts: CoordinatorParts) {
    this.#parts = parts;
    this.#check = new CredentialCheck(parts.clock, parts.testCredentials, (test) => {
      this.#tested(test);
    });
    const { manager } = parts;
    this.#queue = new SlotQueue({ ...parts, writes: manager.writes }, () => manager.slotLine(), parts.lineMoved);
    this.#keeper = new SessionKeeper(parts);
    this.#probe = new UpstreamProbe(parts.clock, parts.upstream, () => this.testAuthentication());
    this.#stopListening = [
      parts.manager.signals.answered.add((_sessionId, status) => {
        if (status < 400) this.#check.confirmed();
        else if (status === 401) this.#check.doubted();
      }),
      parts.manager.signals.usedUp.add((what, until) => {
        parts.problemFound(problems.usedUp(what, until));
      }),
      parts.upstream.onTrouble(() => {
        if (parts.upstream.problem === undefined) this.#check.reachable();
      }),
    ];
  }

  configure(configuration: EngineConfiguration): void {
    this.#configuration = configuration;
    if (this.#check.configure(configuration.credentials)) this.#parts.upstream.trouble(undefined);
    this.#keeper.start(configuration.inactivityMs);
    // The plan may have more slots now.
    this.#queue.retry();
    this.#parts.configured.come();
  }

  /** The upstream is reached in another way now, which may end what was wrong. */
  networkChanged(): void {
    this.#probe.soon();
  }

  /**
   * Opens a session for an agent. Without usable credentials the agent is set up unauthenticated, with the reason;
   * without a slot it waits as the request says, and is refused with the reason when the wait is over.
   */
  async setupClaudeAgentAuth(request: AgentRequest): Promise<AgentAuth> {
    const answered = this.#queue.expect(request.ticket);
    try {
      return await this.#setUp(request);
    } finally {
      answered();
    }
  }

  async #setUp(request: AgentRequest): Promise<AgentAuth> {
    const { agentId } = request;
    if (!agentIdSchema.safeParse(agentId).success) return { kind: 'refused', agentId, reason: problems.badAgentId() };
    await this.#parts.configured.soon();
    const credentials = this.#configuration?.credentials ?? { kind: 'none' };
    if (credentials.kind === 'none') return this.#unauthenticated(request, this.#missingCredentials());
    const state = await this.#check.state();
    if (state.kind === 'unusable') return this.#unauthenticated(request, state.problem);
    const target = upstreamTargetOf(credentials);
    const mode = target === undefined ? 'observed' : 'routed';
    const token = this.#parts.secrets.token();
    const outcome = await this.#open(request, mode, token);
    if (outcome.kind === 'not-wanted') return this.#unauthenticated(request, problems.withoutQuota());
    if (outcome.kind !== 'opened')
      return { kind: 'refused', agentId, reason: refusal(outcome, this.#parts.manager.plan.concurrentAgents) };
    const { sessionId } = outcome.session;
    this.#parts.logger.info(`Session ${sessionId} of ${agentId} is open (${mode}).`);
    const { gatewayUrl, observerUrl, noProxy, environment } = this.#parts;
    const way =
      target === undefined
        ? { observe: { url: observerUrl(token), noProxy } }
        : {
            route: {
              gatewayUrl: gatewayUrl(),
              token,
              credential: target.key === undefined ? ('login' as const) : ('token' as const),
              noProxy,
              restored: restoredFor(target.baseUrl, environment),
            },
          };
    return {
      kind: 'authenticated',
      mode,
      agentId,
      sessionId,
      overlay: overlayFor({
        agentId,
        sessionId,
        allocation: outcome.allocation,
        limits: limitsOfAgent(this.#configuration?.agents ?? [], agentId),
        ...way,
      }),
      ...(mode === 'observed' && { observer: { url: this.#parts.observerUrl(token) } }),
      ...(state.kind === 'doubtful' && { warning: state.problem }),
    };
  }

  /** Tickets of this engine's callers that wait for a slot. */
  readonly waiting = (): readonly string[] => this.#queue.waiting;

  giveUp(ticket: string): Promise<void> {
    return this.#queue.giveUp(ticket);
  }

  startWithoutQuota(ticket: string): Promise<void> {
    return this.#queue.goWithout(ticket);
  }

  /** @param process told apart from a later one with the same number here, where the caller could not. */
  attachProcess(sessionId: string, process: ProcessIdentity): Promise<void> {
    const { ledger, processes } = this.#parts;
    return ledger.attachProcess(sessionId, process.startMark === undefined ? processes.identify(process.pid) : process);
  }

  /** How what a session's agent uses is learned. */
  observed(sessionId: string, by: ObservedBy): Promise<void> {
    return this.#parts.ledger.setObservedBy(sessionId, by);
  }

  /** Ends all live sessions of an agent, in whichever window they are. @returns how many. */
  async releaseAgentAuth(agentId: string): Promise<number> {
    const sessions = (await this.#parts.ledger.liveSessions()).filter((session) => session.agentId === agentId);
    const ended = await Promise.all(sessions.map(({ sessionId }) => this.releaseSession(sessionId)));
    return ended.filter(Boolean).length;
  }

  async releaseSession(sessionId: string): Promise<boolean> {
    const ended = await this.#parts.manager.release(sessionId, 'released');
    if (ended !== undefined) this.#parts.logger.info(`Session ${sessionId} of ${ended.agentId} is released.`);
    return ended !== undefined;
  }

  /**
   * Ties a session to another process than before, if it is live.
   * @returns whether it is; `elsewhere` when it is another window's, which may be reloading (its agent would report here
   * what is that window's plan), or may be known here later.
   */
  async resume(sessionId: string, process: ProcessIdentity): Promise<boolean | 'elsewhere'> {
    const { ledger, manager, configured, sessionsMayReturn } = this.#parts;
    await configured.soon();
    const session = (await ledger.liveSessions()).find((live) => live.sessionId === sessionId);
    if (session === undefined) return sessionsMayReturn ? 'elsewhere' : false;
    if (!isServedBy(manager, session)) return 'elsewhere';
    await ledger.attachProcess(sessionId, process);
    return true;
  }

  /** Ends a session if its process is gone; for whoever has reason to think so. */
  processMayBeGone(sessionId: string): Promise<void> {
    return this.#keeper.look(sessionId);
  }

  async getActiveAgents(): Promise<AgentRecord[]> {
    return recordsOf(await this.#parts.manager.view()).filter(({ state }) => state === 'active');
  }

  /** Ends sessions without a process and takes the slot of those without activity for so long. @returns those changed. */
  async cleanupInactiveAgents(durationMs: number): Promise<AgentRecord[]> {
    return (await this.#keeper.cleanUp(durationMs)).map((session) => recordOf(session, undefined));
  }

  /** What is wrong, and what to do about each. */
  async checkAuthHealth(view?: LedgerView): Promise<AuthHealth> {
    const { manager, upstream, kept } = this.#parts;
    const { credentialProblems = [], networkProblems = [] } = this.#configuration ?? {};
    const found = [...credentialProblems, ...networkProblems, ...upstream.problemsBeside(this.#check.problem)];
    if (manager.writeFailure !== undefined) found.push(problems.ledgerFails(manager.writeFailure));
    if (kept.kind === 'memory') found.push(problems.inMemory(kept.reason));
    return authHealth(view ?? (await manager.view()), found);
  }

  async testAuthentication(): Promise<AuthTest> {
    const credentials = this.#configuration?.credentials ?? { kind: 'none' };
    if (credentials.kind === 'none') return { kind: 'fails', problem: this.#missingCredentials() };
    return this.#check.testNow();
  }

  async dispose(): Promise<void> {
    this.#probe.dispose();
    for (const stop of this.#stopListening) stop();
    this.#keeper.dispose();
    await this.#queue.dispose();
  }

  /** What a test finds of the upstream holds for requests too. */
  #tested(test: AuthTest): void {
    if (test.kind === 'subscription' && test.mode === 'observed') return;
    const problem = test.kind === 'fails' ? test.problem : undefined;
    this.#parts.upstream.trouble(problem?.transient === undefined ? undefined : problem);
  }

  #open(request: AgentRequest, mode: Session['mode'], token: string): Promise<SlotOutcome> {
    const { secrets, manager, ownProcess } = this.#parts;
    const opening = {
      sessionId: secrets.id(),
      ticket: request.ticket,
      agentId: request.agentId,
      mode,
      tokenHash: secrets.hash(token),
      process: request.process ?? ownProcess,
      workspace: this.#configuration?.workspace ?? '',
      ...(request.parentSessionId !== undefined && { parentSessionId: request.parentSessionId }),
      ...(request.idleWithoutSlot !== undefined && { idleWithoutSlot: request.idleWithoutSlot }),
    };
    return this.#queue.take(request.ticket, request.waitMs, (wait) => manager.allocate({ ...opening, wait }));
  }

  async #unauthenticated(request: AgentRequest, reason: Problem): Promise<AgentAuth> {
    const { agentId } = request;
    const outcome = await this.#open({ ...request, waitMs: 0 }, 'unauthenticated', this.#parts.secrets.token());
    // What the user has just chosen needs no telling.
    if (reason.code !== withoutQuotaCode) this.#parts.problemFound(reason);
    const sessionId = outcome.kind === 'opened' ? outcome.session.sessionId : '';
    return { kind: 'unauthenticated', agentId, sessionId, overlay: {}, reason };
  }

  #missingCredentials(): Problem {
    const found = this.#configuration?.credentialProblems.find(({ severity }) => severity === 'error');
    return found ?? problems.notConfigured();
  }
}

function refusal(outcome: Exclude<SlotOutcome, { kind: 'opened' | 'not-wanted' }>, slots: number): Problem {
  return outcome.kind === 'no-slot' ? problems.noSlot(outcome, slots) : problems.usedUp(outcome.what, outcome.until);
}
