import * as vscode from 'vscode';
import * as z from 'zod';
import { type CommandId, commands } from '../contributions.ts';
import { type QuotaEngine } from '../core/quotaEngine.ts';
import { type AgentSessionsView } from './agentSessionsView.ts';
import { type AgentTerminals } from './agentTerminals.ts';
import { cleanUpInactiveSessions } from './cleanUpInactiveSessions.ts';
import { type Notices } from './notices.ts';
import { copyPrometheusConfiguration } from './prometheusConfiguration.ts';
import { type QuotaDetailsPanel } from './quotaDetailsPanel.ts';
import { releaseSession } from './releaseSession.ts';
import { type SettingsReader } from './settingsReader.ts';
import { showStatus } from './showStatus.ts';
import { type SnapshotStore } from './snapshotStore.ts';
import { testAuthentication } from './testAuthentication.ts';
import { type WindowApiKey } from './windowApiKey.ts';

/** What the commands act on. */
export interface CommandParts {
  readonly engine: QuotaEngine;
  readonly store: SnapshotStore;
  readonly settings: SettingsReader;
  readonly notices: Notices;
  readonly sessionsView: AgentSessionsView;
  readonly terminals: AgentTerminals;
  readonly details: QuotaDetailsPanel;
  readonly windowKey: WindowApiKey;
  /** Looks for the user's credentials anew and tells the engine. */
  readonly lookForCredentials: () => Promise<void>;
}

interface Command {
  /** What it does, to follow "Could not". */
  readonly does: string;
  readonly run: (argument: unknown) => Promise<void> | void;
}

/** A row's key binding, which acts on the selection; VS Code gives it no row. */
export const selectedSession = 'selected';

const sessionIdSchema = z.string().min(1);

function commandTable(parts: CommandParts): Readonly<Record<CommandId, Command>> {
  const { engine, store, settings, notices, sessionsView, terminals, details, windowKey, lookForCredentials } = parts;
  const test = (): Promise<void> => testAuthentication(engine, notices, lookForCredentials);
  return {
    [commands.showStatus]: { does: 'show the status', run: () => showStatus(store, settings) },
    [commands.showQuotaDetails]: {
      does: 'show the quota details',
      run: () => {
        details.show();
      },
    },
    [commands.testAuthentication]: { does: 'test the authentication', run: test },
    [commands.setApiKey]: {
      does: 'set the API key',
      run: async () => {
        if (await windowKey.ask()) await test();
      },
    },
    [commands.forgetApiKey]: {
      does: 'forget the API key',
      run: async () => {
        windowKey.forget();
        await lookForCredentials();
      },
    },
    [commands.cleanUpInactiveSessions]: {
      does: 'clean up inactive sessions',
      run: () => cleanUpInactiveSessions(engine, settings),
    },
    [commands.releaseSession]: {
      does: 'release the session',
      run: (argument) => {
        const given = argument === selectedSession ? sessionsView.selectedSession : argument;
        return releaseSession(engine, store, sessionIdSchema.safeParse(given).data);
      },
    },
    [commands.newAgentTerminal]: { does: 'open an agent terminal', run: () => terminals.openTerminal() },
    [commands.copyPrometheusConfiguration]: {
      does: 'copy the Prometheus scrape configuration',
      run: () => copyPrometheusConfiguration(engine, settings),
    },
    [commands.showLog]: {
      does: 'show the log',
      run: () => {
        notices.showLog();
      },
    },
  };
}

/** Registers every command. What a handler throws ends in a notice, never in VS Code's own error box. */
export function registerCommands(parts: CommandParts): vscode.Disposable {
  const registrations = Object.entries(commandTable(parts)).map(([id, { does, run }]) =>
    vscode.commands.registerCommand(id, async (argument: unknown) => {
      try {
        await run(argument);
      } catch (cause) {
        parts.notices.failed(does, cause);
      }
    }),
  );
  return vscode.Disposable.from(...registrations);
}
