import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { commands, settings } from '../../src/contributions.ts';
import { type LimitStatus } from '../../src/shared/limitStatus.ts';
import { hostDriver } from '../host/driverClient.ts';
import { agentQuota, ask, clearWindow, liveSessions, set, shownNotifications, until } from './quotaWindow.ts';

const driver = hostDriver();
const list = '.tree-explorer-viewlet-tree-view .monaco-list';

/** What stands in the rows on screen. */
async function rows(within: 'workbench' | 'other window' = 'workbench'): Promise<string[]> {
  const found = await driver.evaluate(
    `[...document.querySelectorAll('${list} .monaco-list-row')]
      .sort((a, b) => Number(a.dataset.index) - Number(b.dataset.index))
      .map((row) => ['.label-name', '.label-description'].map((part) => row.querySelector(part)?.innerText.trim()).join(' '))`,
    { within },
  );
  return found as string[];
}

const rowOf = (text: string): string => `${list} .monaco-list-row:has-text("${text}")`;

async function statusBar(within: 'workbench' | 'other window' = 'workbench'): Promise<string> {
  return String(
    await driver.evaluate(
      `[...document.querySelectorAll('.statusbar-item')].map(({ innerText }) => innerText).find((text) => text.includes('agents')) ?? ''`,
      { within },
    ),
  );
}

async function badge(within: 'workbench' | 'other window' = 'workbench'): Promise<string> {
  return String(
    await driver.evaluate(
      `document.querySelector('.activitybar .action-item:has([aria-label*="Agent Quota"]) .badge-content')?.innerText ?? ''`,
      { within },
    ),
  );
}

async function open(agentId: string): Promise<{ id: string; ask: () => Promise<number> }> {
  const auth = await (await agentQuota()).setupClaudeAgentAuth(agentId);
  assert.equal(auth.kind, 'authenticated');
  const { ANTHROPIC_BASE_URL: url, ANTHROPIC_API_KEY: token } = auth.overlay;
  return { id: auth.sessionId, ask: () => ask(url ?? '', token ?? '') };
}

const run = (command: string, ...args: unknown[]): Thenable<unknown> =>
  vscode.commands.executeCommand(command, ...args);

describe('the Agent Sessions view', function () {
  this.timeout(60_000);

  beforeEach(async () => {
    await clearWindow();
    await run('notifications.clearAll');
    await run('agentQuota.sessions.focus');
  });
  after(async () => {
    await clearWindow();
    await run(commands.groupByWorkspace);
    await run('notifications.clearAll');
  });

  it('keeps what is open and selected while numbers change, and tells facts under a session', async () => {
    const [one] = [await open('first'), await open('second')];
    await until('both are there', async () => (await rows()).length === 3);
    await driver.click(rowOf('first'));
    await run('list.expand');
    await until('it is open', async () => (await rows()).some((row) => row.startsWith('Mode routed')));
    assert.equal(await one.ask(), 200);
    await until('its numbers have changed', async () =>
      (await rows()).some((row) => /^first [\d.]+k? tokens/.test(row) && !row.includes('first 0 tokens')),
    );
    await until('the model is known', async () => (await rows()).includes('Model claude-opus-5-5'));
    const shown = await rows();
    assert.ok(shown.findIndex((row) => row.startsWith('Tokens ')) > 0, 'it is still open');
    const selected = await driver.evaluate(
      `document.querySelector('${list} .monaco-list-row.selected')?.innerText ?? ''`,
    );
    assert.match(String(selected), /^\s*first/);
    await driver.screenshot('tree-open-session');
  });

  it('pauses, resumes and releases by the row’s buttons', async () => {
    const session = await open('steered');
    await until('it is there', async () => (await rows()).length === 2);
    await driver.hover(rowOf('steered'));
    await driver.screenshot('tree-row-buttons');
    await driver.click(`${rowOf('steered')} .action-label[aria-label^="Pause Session"]`);
    await until('it is paused', async () => (await rows()).some((row) => row.includes('steered paused')));
    const held = session.ask();
    await until('its request waits', async () =>
      (await liveSessions()).some(({ waitingRequests }) => waitingRequests === 1),
    );
    await driver.hover(rowOf('steered'));
    await driver.click(`${rowOf('steered')} .action-label[aria-label^="Resume Session"]`);
    assert.equal(await held, 200);
    const ready = `!!document.querySelector('${list} .monaco-list-row .codicon-circle-filled')`;
    await until(
      'it is ready',
      async () => !(await rows()).some((row) => row.includes('paused')) && driver.evaluate(ready),
    );
    await driver.hover(rowOf('steered'));
    await driver.click(`${rowOf('steered')} .action-label[aria-label^="Release Session"]`);
    await until('it is gone', async () => (await liveSessions()).length === 0);
  });

  it('does to all that are selected what is done to one of them', async () => {
    const opened = [await open('a'), await open('b'), await open('c')];
    const [a, b] = opened.map(({ id }) => id);
    await until('all are there', async () => (await rows()).length === 4);
    await run(commands.pauseSession, a, [a, b]);
    await until('two are paused', async () => (await rows()).filter((row) => row.includes('paused')).length === 2);
    await driver.click(rowOf('paused'));
    await driver.press('Shift+ArrowDown');
    await driver.press('Delete');
    await until('one is left', async () => (await liveSessions()).map(({ agentId }) => agentId).join() === 'c');
  });

  it('groups and filters as the user says, and says so', async () => {
    for (const name of ['reviewer', 'reviewer', 'tester']) await open(name);
    await until('under the workspace', async () => (await rows())[0]?.startsWith('work space 3 sessions') === true);
    await run(commands.groupByAgent);
    await until('under the agents', async () => (await rows()).some((row) => row.startsWith('reviewer 2 sessions')));
    await driver.screenshot('tree-by-agent');
    await run(commands.listUngrouped);
    await until('under nothing', async () => (await rows()).length === 3);
    const filtering = run(commands.filterSessions);
    await until('the box is there', async () =>
      driver.evaluate(`!!document.querySelector('.quick-input-widget input')`),
    );
    await driver.type('review');
    await until('two are left', async () => (await rows()).length === 2);
    await driver.press('Enter');
    await filtering;
    const message = `${list.split(' ')[0]} .message`;
    assert.match(await driver.text(message), /Filter “review”: 2 of 3 sessions/);
    await driver.screenshot('tree-filtered');
    await run(commands.clearSessionFilter);
    await until('all are back', async () => (await rows()).length === 3);
  });

  it('finds the terminal of a session', async () => {
    await run(commands.newAgentTerminal);
    await until('its session is there', async () => (await liveSessions()).length === 1);
    const terminal = await until('its terminal', () => vscode.window.terminals[0]);
    const other = vscode.window.createTerminal('another');
    other.show();
    await until('another is shown', () => vscode.window.activeTerminal === other);
    await driver.hover(rowOf('agent-1'));
    await driver.click(`${rowOf('agent-1')} .action-label[aria-label^="Show Terminal"]`);
    await until('its own is shown', () => vscode.window.activeTerminal === terminal);
  });

  it('has a badge with the number that the status bar has', async () => {
    await open('a');
    await open('b');
    await until('both say two', async () => (await badge()) === '2' && (await statusBar()).includes('2/8 agents'));
    await clearWindow();
    await until('no badge for none', async () => (await badge()) === '');
  });

  it('shows who waits in one notification, from which one starts without quota', async () => {
    await set(settings.apiKeyConcurrentAgents, 1);
    const api = await agentQuota();
    await until('there is one slot', async () => {
      const { limits } = await api.quotaStatus();
      return limits.find(({ dimension }) => dimension === 'slots')?.limit === 1;
    });
    try {
      await open('holder');
      const waiting = [run(commands.newAgentTerminal), run(commands.newAgentTerminal)];
      await until('both wait, in one notification', async () => {
        const text = await shownNotifications();
        return text.includes('2 agents wait for a slot: agent-1 (place 1), agent-2 (place 2)');
      });
      assert.equal((await shownNotifications()).match(/for a slot/g)?.length, 1);
      await driver.screenshot('waiting-agents');
      await driver.click('.notifications-center a:has-text("Start agent-1 without quota")');
      await until('its terminal is there', () =>
        vscode.window.terminals.some(({ name }) => name === 'Claude Agent: agent-1 (without quota)'),
      );
      await until('one is left in line', async () => (await shownNotifications()).includes('agent-2 waits for a slot'));
      await api.releaseAgentAuth('holder');
      await Promise.all(waiting);
      await until('nobody waits', async () => !(await shownNotifications()).includes('for a slot'));
    } finally {
      await set(settings.apiKeyConcurrentAgents, undefined);
    }
  });
});

describe('notifications about the quota', function () {
  this.timeout(60_000);

  after(async () => {
    await driver.otherWindow(false);
    await clearWindow();
    for (const id of [settings.plan, settings.maxSubscriptionDailyTokens, settings.notifyAtPercent]) {
      await set(id, undefined);
    }
    await run('notifications.clearAll');
  });

  it('come once for two windows, which show the same numbers, and can be turned off', async function () {
    await clearWindow();
    await run('notifications.clearAll');
    await set(settings.plan, 'MaxSubscription');
    await set(settings.maxSubscriptionDailyTokens, 100_000_000);
    const api = await agentQuota();
    const day = async (): Promise<LimitStatus | undefined> =>
      (await api.quotaStatus()).limits.find(({ dimension }) => dimension === 'tokensPerDay');
    await until('the plan is the day’s', async () => (await day())?.limit === 100_000_000);
    const session = await open('spender');
    const before = (await day())?.used ?? 0;
    assert.equal(await session.ask(), 200);
    const each = await until('it is counted', async () => ((await day())?.used ?? 0) - before);
    // With the next request or one soon after it, four fifths are used.
    const limit = Math.ceil((before + 2 * each) / 0.8);
    await set(settings.maxSubscriptionDailyTokens, limit);
    await until('the limit holds', async () => (await day())?.limit === limit);
    if (!(await driver.otherWindow(true))) this.skip();
    await until('both say one', async () => (await statusBar('other window')).includes('1/5 agents'), 30_000);
    assert.equal(await statusBar('other window'), await statusBar());
    for (;;) {
      assert.equal(await session.ask(), 200);
      if (((await day())?.percentage ?? 0) >= 75) break;
    }
    await until(
      'both windows show it',
      async () =>
        /^\s*(7[5-9]|8\d)%/.test(await statusBar()) && (await statusBar()) === (await statusBar('other window')),
    );
    assert.equal(await badge(), await badge('other window'));
    const shown = async (within: 'workbench' | 'other window'): Promise<number> =>
      Number(
        await driver.evaluate(
          `[...document.querySelectorAll('.notification-list-item')].filter(({ innerText }) => innerText.includes('75% is used')).length`,
          { within },
        ),
      );
    /** Opens both windows' notification centres: toasts are not shown while tests run. */
    const told = async (): Promise<number> => {
      await shownNotifications();
      const isOpen = `!!document.querySelector('.notifications-center.visible')`;
      if ((await driver.evaluate(isOpen, { within: 'other window' })) !== true) {
        await driver.click('[id="status.notifications"] a', { within: 'other window' });
      }
      return (await shown('workbench')) + (await shown('other window'));
    };
    await until('one of them tells it', async () => (await told()) === 1);
    await new Promise((resolve) => setTimeout(resolve, 2500));
    assert.equal(await told(), 1);
    const within = (await shown('workbench')) === 1 ? 'workbench' : 'other window';
    await driver.screenshot('threshold', { within });
    await driver.click('.notifications-center .monaco-button:has-text("Show Again")', { within });
    await until(
      'the setting says never',
      () => vscode.workspace.getConfiguration().inspect<number[]>(settings.notifyAtPercent)?.globalValue?.length === 0,
    );
  });

  it('leave the status bar to say what the user wants it to', async () => {
    await set(settings.statusBarFormat, '${running} of ${slots} agents');
    await until('it says that', async () => (await statusBar()).trim() === '1 of 5 agents');
    await set(settings.statusBarFormat, '${nothing}');
    await until('a bad one is reported', async () =>
      (await shownNotifications()).includes('agentQuota.statusBar.format'),
    );
    await set(settings.statusBarFormat, undefined);
  });
});

describe('the walkthrough', () => {
  after(() => run('workbench.action.closeAllEditors'));

  it('opens, with a picture for each step', async () => {
    await run(commands.showWalkthrough);
    await until('its steps are there', async () => {
      const text = await driver.evaluate(`document.querySelector('.gettingStartedContainer')?.innerText ?? ''`);
      return String(text).includes('See whether your credentials work') && String(text).includes('Watch what it uses');
    });
    await driver.screenshot('walkthrough-light');
  });
});
