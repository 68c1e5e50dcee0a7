import * as vscode from 'vscode';
import type { Clock } from '../core/clock.ts';
import type { QuotaEngine } from '../core/quotaEngine.ts';
import { AgentSessionsView } from './agentSessionsView.ts';
import type { DailyTokensQuestion } from './dailyTokensQuestion.ts';
import { DashboardPanel } from './dashboardPanel.ts';
import type { Notices } from './notices.ts';
import { type Claim, QuotaNotices } from './quotaNotices.ts';
import { QuotaStatusBarItem } from './quotaStatusBarItem.ts';
import { SessionsLayout } from './sessionsLayout.ts';
import { type FindAncestors, SessionTerminals } from './sessionTerminals.ts';
import type { SettingsReader } from './settingsReader.ts';
import type { SnapshotStore } from './snapshotStore.ts';
import { isShownAsUsedUp } from './usedUpShown.ts';
import { WaitingNotice } from './waitingNotice.ts';
import { WindowContext } from './windowContext.ts';

/** What is shown, and what it is shown with. */
export interface ScreenParts {
  readonly context: vscode.ExtensionContext;
  readonly engine: QuotaEngine;
  readonly store: SnapshotStore;
  readonly settings: SettingsReader;
  readonly notices: Notices;
  readonly question: DailyTokensQuestion;
  readonly claim: Claim;
  readonly findAncestors: FindAncestors;
  readonly clock: Clock;
}

/** All of a window that shows what the engine says, and that commands act on. */
export interface WindowScreen {
  readonly sessionsView: AgentSessionsView;
  readonly layout: SessionsLayout;
  readonly sessionTerminals: SessionTerminals;
  readonly dashboard: DashboardPanel;
  readonly waiting: WaitingNotice;
  dispose(): void;
}

/** Builds what is on screen. */
export function createScreen(parts: ScreenParts): WindowScreen {
  const { context, engine, store, settings, notices, question, claim, findAncestors, clock } = parts;
  const windowContext = new WindowContext(store);
  const layout = new SessionsLayout(context.globalState);
  const sessionTerminals = new SessionTerminals(store, findAncestors, notices);
  const sessionsView = new AgentSessionsView(store, layout, sessionTerminals, clock);
  const statusBarItem = new QuotaStatusBarItem(store, settings, clock);
  const feed = { engine, store, settings, sessionTerminals, notices, clock };
  const dashboard = new DashboardPanel(context.extensionUri, feed);
  const waiting = new WaitingNotice(engine, store, notices);
  notices.leaveTo((problem) => isShownAsUsedUp(store.state, problem));
  const quotaNotices = new QuotaNotices({
    store,
    settings,
    notices,
    claim,
    clock,
    show: vscode.window.showWarningMessage,
    run: vscode.commands.executeCommand,
    focused: () => vscode.window.state.focused,
    askInstead: (problem) => question.consider(problem),
  });
  const owned = [
    quotaNotices,
    waiting,
    dashboard,
    statusBarItem,
    sessionsView,
    sessionTerminals,
    layout,
    windowContext,
  ];
  return {
    sessionsView,
    layout,
    sessionTerminals,
    dashboard,
    waiting,
    dispose: () => {
      for (const part of owned) part.dispose();
    },
  };
}
