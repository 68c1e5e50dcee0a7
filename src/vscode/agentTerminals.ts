import * as vscode from 'vscode';
import { terminalProfiles } from '../contributions.ts';
import { type Clock } from '../core/clock.ts';
import { type AgentAuth, type QuotaEngine } from '../core/quotaEngine.ts';
import { agentTerminalOptions } from './agentTerminalOptions.ts';
import { nextAgentName } from './nextAgentName.ts';
import { type Notices } from './notices.ts';
import { type SessionOpener } from './sessionOpener.ts';
import { type SnapshotStore } from './snapshotStore.ts';

/** A terminal that VS Code has not opened by then does not come any more. */
const openTimeoutMs = 30_000;

type OpenedSession = Exclude<AgentAuth, { kind: 'refused' }>;

/** A session whose terminal VS Code is about to open. */
interface Expected {
  readonly session: OpenedSession;
  readonly options: vscode.TerminalOptions;
  readonly cancelTimeout: () => void;
}

/** Terminals whose shell, and all that is started in it, runs under a session of its own. */
export class AgentTerminals implements vscode.TerminalProfileProvider, vscode.Disposable {
  readonly #engine: QuotaEngine;
  readonly #store: SnapshotStore;
  readonly #opener: SessionOpener;
  readonly #notices: Notices;
  readonly #clock: Clock;
  readonly #owned: vscode.Disposable;
  /** Names in use that the snapshot may not show yet. */
  readonly #names = new Set<string>();
  readonly #expected = new Set<Expected>();
  readonly #sessions = new Map<vscode.Terminal, OpenedSession>();

  constructor(engine: QuotaEngine, store: SnapshotStore, opener: SessionOpener, notices: Notices, clock: Clock) {
    this.#engine = engine;
    this.#store = store;
    this.#opener = opener;
    this.#notices = notices;
    this.#clock = clock;
    this.#owned = vscode.Disposable.from(
      vscode.window.registerTerminalProfileProvider(terminalProfiles.claudeAgent, this),
      vscode.window.onDidOpenTerminal((terminal) => {
        this.#opened(terminal);
      }),
      vscode.window.onDidCloseTerminal((terminal) => void this.#closed(terminal)),
    );
  }

  /** Opens a terminal once there is a slot; does nothing when the user gives up waiting. */
  async openTerminal(): Promise<void> {
    const session = await this.#openSession();
    if (session === undefined) return;
    try {
      const terminal = vscode.window.createTerminal(agentTerminalOptions(session));
      this.#adopt(terminal, session);
      terminal.show();
    } catch (cause) {
      await this.#release(session);
      throw cause;
    }
  }

  async provideTerminalProfile(token: vscode.CancellationToken): Promise<vscode.TerminalProfile | undefined> {
    try {
      const session = await this.#openSession(token);
      if (session === undefined) return undefined;
      const options = agentTerminalOptions(session);
      const expected: Expected = {
        session,
        options,
        cancelTimeout: this.#clock.after(openTimeoutMs, () => {
          this.#expected.delete(expected);
          void this.#release(session);
        }),
      };
      this.#expected.add(expected);
      return new vscode.TerminalProfile(options);
    } catch (cause) {
      this.#notices.failed('open an agent terminal', cause);
      return undefined;
    }
  }

  /** Sessions are left alone: their terminals outlive a reload of the window, and the engine watches their processes. */
  dispose(): void {
    this.#owned.dispose();
    for (const { cancelTimeout } of this.#expected) cancelTimeout();
  }

  async #openSession(token?: vscode.CancellationToken): Promise<OpenedSession | undefined> {
    const live = this.#store.snapshot?.sessions.map(({ agentId }) => agentId) ?? [];
    const waiting = this.#store.snapshot?.line.map(({ agentId }) => agentId) ?? [];
    const agentId = nextAgentName(new Set([...live, ...waiting, ...this.#names]));
    this.#names.add(agentId);
    let session: AgentAuth | undefined;
    try {
      session = await this.#opener.open(agentId, token);
    } finally {
      // From here on the name is free again unless a terminal comes of it.
      if (session === undefined || session.kind === 'refused') this.#names.delete(agentId);
    }
    if (session?.kind === 'refused') {
      this.#notices.problem(session.reason);
      return undefined;
    }
    if (session?.kind === 'unauthenticated') this.#notices.problemOnce(session.reason);
    if (session?.kind === 'authenticated' && session.warning !== undefined) {
      void this.#offerWithoutQuota(session, `${session.warning.message} ${session.warning.nextStep}`);
    }
    return session;
  }

  async #offerWithoutQuota(session: OpenedSession, text: string): Promise<void> {
    const startWithout = 'Start Without Quota';
    const choice = await vscode.window.showWarningMessage(text, startWithout);
    if (choice !== startWithout) return;
    const terminal = [...this.#sessions].find(([, { sessionId }]) => sessionId === session.sessionId)?.[0];
    await this.#release(session);
    vscode.window.createTerminal(agentTerminalOptions({ agentId: session.agentId, kind: 'unauthenticated' })).show();
    terminal?.dispose();
  }

  /** Finds the terminals that VS Code opens from a profile. */
  #opened(terminal: vscode.Terminal): void {
    if (this.#sessions.has(terminal)) return;
    for (const expected of this.#expected) {
      if (terminal.creationOptions !== expected.options && terminal.name !== expected.options.name) continue;
      this.#expected.delete(expected);
      expected.cancelTimeout();
      this.#adopt(terminal, expected.session);
      return;
    }
  }

  #adopt(terminal: vscode.Terminal, session: OpenedSession): void {
    this.#sessions.set(terminal, session);
    void this.#attach(terminal, session);
  }

  async #attach(terminal: vscode.Terminal, session: OpenedSession): Promise<void> {
    try {
      const pid = await terminal.processId;
      if (pid === undefined) await this.#release(session);
      else await this.#engine.attachProcess(session.sessionId, { pid });
    } catch (cause) {
      this.#notices.logged(`tie the session of ${session.agentId} to its terminal`, cause);
    }
  }

  async #closed(terminal: vscode.Terminal): Promise<void> {
    const session = this.#sessions.get(terminal);
    this.#sessions.delete(terminal);
    // On a reload the shell lives on, and its session with it.
    if (terminal.exitStatus?.reason === vscode.TerminalExitReason.Shutdown) return;
    if (session !== undefined) {
      await this.#release(session);
      return;
    }
    // A terminal from before the reload of the window is known by its process.
    const pid = await terminal.processId;
    const found = this.#store.snapshot?.sessions.find((candidate) => candidate.process.pid === pid);
    if (found !== undefined) await this.#release(found);
  }

  async #release({ sessionId, agentId }: { sessionId: string; agentId: string }): Promise<void> {
    this.#names.delete(agentId);
    try {
      await this.#engine.releaseSession(sessionId);
    } catch (cause) {
      this.#notices.logged(`release the session of ${agentId}`, cause);
    }
  }
}
