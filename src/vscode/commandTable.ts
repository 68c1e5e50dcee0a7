import * as vscode from 'vscode';
import { type CommandId, commands, walkthroughs } from '../contributions.ts';
import type { AgentTerminals } from './agentTerminals.ts';
import type { ClaudeOutside } from './claudeOutside.ts';
import { cleanUpInactiveSessions } from './cleanUpInactiveSessions.ts';
import type { Command } from './command.ts';
import { runInLedgerTerminal } from './ledgerTerminal.ts';
import type { Notices } from './notices.ts';
import type { DashboardPanel } from './dashboardPanel.ts';
import { copyPrometheusConfiguration } from './prometheusConfiguration.ts';
import { type SessionCommandParts, sessionCommands } from './sessionCommands.ts';
import type { SettingsReader } from './settingsReader.ts';
import { showStatus } from './showStatus.ts';
import { testAuthentication } from './testAuthentication.ts';
import type { WaitingNotice } from './waitingNotice.ts';
import type { WindowApiKey } from './windowApiKey.ts';

/** What the commands act on. */
export interface CommandParts extends SessionCommandParts {
  readonly settings: SettingsReader;
  readonly notices: Notices;
  readonly terminals: AgentTerminals;
  readonly dashboard: DashboardPanel;
  readonly waiting: WaitingNotice;
  readonly windowKey: WindowApiKey;
  readonly claude: ClaudeOutside;
  /** Looks for the user's credentials anew and tells the engine. */
  readonly lookForCredentials: () => Promise<void>;
  /** The extension's own id. */
  readonly extensionId: string;
}

function commandTable(parts: CommandParts): Readonly<Record<CommandId, Command>> {
  const { engine, store, settings, notices, terminals, dashboard, waiting, windowKey, lookForCredentials } = parts;
  const test = (): Promise<void> => testAuthentication(engine, notices, lookForCredentials);
  return {
    ...sessionCommands(parts),
    [commands.showStatus]: { does: 'show the status', run: () => showStatus(store, settings) },
    [commands.showQuotaDetails]: {
      does: 'show the quota details',
      run: () => {
        dashboard.show();
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
    [commands.startWithoutQuota]: {
      does: 'start the agent without quota',
      run: (clicked) => waiting.startWithoutQuota(clicked),
    },
    [commands.newAgentTerminal]: { does: 'open an agent terminal', run: () => terminals.openTerminal() },
    ...claudeCommands(parts),
    [commands.copyPrometheusConfiguration]: {
      does: 'copy the Prometheus scrape configuration',
      run: () => copyPrometheusConfiguration(engine, settings),
    },
    [commands.showWalkthrough]: {
      does: 'show the walkthrough',
      run: async () => {
        const category = `${parts.extensionId}#${walkthroughs.start}`;
        await vscode.commands.executeCommand('workbench.action.openWalkthrough', { category }, false);
      },
    },
    [commands.initSharedLedger]: {
      does: 'set up the shared ledger',
      run: () => {
        runInLedgerTerminal('init');
      },
    },
    [commands.checkSharedLedger]: {
      does: 'check the shared ledger',
      run: () => {
        runInLedgerTerminal('check');
      },
    },
    [commands.showLog]: {
      does: 'show the log',
      run: () => {
        notices.showLog();
      },
    },
  };
}

type ClaudeCommandId =
  | typeof commands.putPanelUnderQuota
  | typeof commands.undoPanel
  | typeof commands.putServiceUnderQuota
  | typeof commands.undoService;

/** What Claude Code starts by itself. */
function claudeCommands({ claude }: CommandParts): Readonly<Record<ClaudeCommandId, Command>> {
  return {
    [commands.putPanelUnderQuota]: { does: "put Claude Code's panel under quota", run: () => claude.panel.put() },
    [commands.undoPanel]: { does: "take Claude Code's panel out of quota", run: () => claude.panel.undo() },
    [commands.putServiceUnderQuota]: {
      does: "put Claude Code's background service under quota",
      run: () => claude.service.put(),
    },
    [commands.undoService]: {
      does: "take Claude Code's background service out of quota",
      run: () => claude.service.undo(),
    },
  };
}

/** Registers every command. What a handler throws ends in a notice, never in VS Code's own error box. */
export function registerCommands(parts: CommandParts): vscode.Disposable {
  const registrations = Object.entries(commandTable(parts)).map(([id, { does, run }]) =>
    vscode.commands.registerCommand(id, async (clicked: unknown, selected: unknown) => {
      try {
        await run(clicked, selected);
      } catch (cause) {
        parts.notices.failed(does, cause);
      }
    }),
  );
  return vscode.Disposable.from(...registrations);
}
