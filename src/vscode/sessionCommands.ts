import { type CommandId, commands } from '../contributions.ts';
import type { QuotaEngine, ShownSession } from '../core/quotaEngine.ts';
import type { AgentSessionsView } from './agentSessionsView.ts';
import type { Command } from './command.ts';
import { pickSessions, type SessionsQuestion } from './pickSessions.ts';
import { releaseSessions } from './releaseSession.ts';
import { askWeight, pauseSessions } from './sessionSteering.ts';
import type { SessionTerminals } from './sessionTerminals.ts';
import type { SessionsLayout } from './sessionsLayout.ts';
import type { SnapshotStore } from './snapshotStore.ts';

/** A row's key binding, which acts on the selection; VS Code gives it no row. */
export const selectedSessions = 'selected';

/** What commands on sessions act on. */
export interface SessionCommandParts {
  readonly engine: QuotaEngine;
  readonly store: SnapshotStore;
  readonly sessionsView: AgentSessionsView;
  readonly layout: SessionsLayout;
  readonly sessionTerminals: SessionTerminals;
}

/** The commands on sessions and on how they are listed. */
export function sessionCommands(parts: SessionCommandParts): Readonly<Record<SessionCommand, Command>> {
  const { engine, layout, sessionTerminals } = parts;
  const on =
    (question: SessionsQuestion, act: (sessions: readonly ShownSession[]) => Promise<void> | void): Command['run'] =>
    async (clicked, selected) => {
      const { store, sessionsView } = parts;
      const byKey = clicked === selectedSessions;
      const [row, rows] = byKey ? [undefined, sessionsView.selectedSessions] : [clicked, selected];
      const sessions = await pickSessions(store, row, rows, question);
      if (sessions !== undefined && sessions.length > 0) await act(sessions);
    };
  return {
    [commands.releaseSession]: {
      does: 'release the session',
      run: on(questions.release, (sessions) => releaseSessions(engine, sessions)),
    },
    [commands.pauseSession]: {
      does: 'pause the session',
      run: on(questions.pause, (sessions) => pauseSessions(engine, sessions, true)),
    },
    [commands.resumeSession]: {
      does: 'resume the session',
      run: on(questions.resume, (sessions) => pauseSessions(engine, sessions, false)),
    },
    [commands.setSessionWeight]: {
      does: 'set the weight',
      run: on(questions.weigh, (sessions) => askWeight(engine, sessions)),
    },
    [commands.focusTerminal]: {
      does: 'show the terminal',
      run: on({ ...questions.focus, fits: ({ sessionId }) => sessionTerminals.sessions.has(sessionId) }, ([first]) => {
        if (first !== undefined) sessionTerminals.focus(first.sessionId);
      }),
    },
    [commands.filterSessions]: { does: 'filter the sessions', run: () => layout.askFilter() },
    [commands.clearSessionFilter]: {
      does: 'clear the filter',
      run: () => {
        layout.filterBy('');
      },
    },
    [commands.groupByWorkspace]: { does: 'group the sessions', run: () => layout.groupBy('workspace') },
    [commands.groupByAgent]: { does: 'group the sessions', run: () => layout.groupBy('agent') },
    [commands.listUngrouped]: { does: 'list the sessions', run: () => layout.groupBy('none') },
  };
}

type SessionCommand = Extract<
  CommandId,
  | typeof commands.releaseSession
  | typeof commands.pauseSession
  | typeof commands.resumeSession
  | typeof commands.setSessionWeight
  | typeof commands.focusTerminal
  | typeof commands.filterSessions
  | typeof commands.clearSessionFilter
  | typeof commands.groupByWorkspace
  | typeof commands.groupByAgent
  | typeof commands.listUngrouped
>;

const isPaused = (session: ShownSession): boolean => session.state !== 'ended' && session.pausedAt !== undefined;
const usesQuota = ({ mode }: ShownSession): boolean => mode !== 'unauthenticated';

const questions = {
  release: {
    title: 'Release Session',
    placeHolder: 'Whose session ends?',
    fits: () => true,
    none: 'There is no session to release.',
  },
  pause: {
    title: 'Pause Session',
    placeHolder: 'Whose requests are to wait?',
    fits: (session) => usesQuota(session) && !isPaused(session),
    none: 'There is no session to pause.',
  },
  resume: {
    title: 'Resume Session',
    placeHolder: 'Whose requests go on?',
    fits: isPaused,
    none: 'No session is paused.',
  },
  weigh: {
    title: 'Set Weight',
    placeHolder: 'Whose share is to be changed?',
    fits: usesQuota,
    none: 'There is no session to weigh.',
  },
  focus: {
    title: 'Show Terminal',
    placeHolder: 'Whose terminal?',
    fits: () => true,
    none: 'No session runs in a terminal of this window.',
  },
} as const satisfies Readonly<Record<string, SessionsQuestion>>;
