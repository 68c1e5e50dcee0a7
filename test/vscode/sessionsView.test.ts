import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { commands, settings } from '../../src/contributions.ts';
import { hostDriver } from '../host/driverClient.ts';
import {
  agentQuota,
  clearWindow,
  liveSessions,
  set,
  shownNotifications,
  typeIntoQuestion,
  until,
} from './quotaWindow.ts';
import { badge, list, open, rowOf, rows, run, statusBar } from './sessionsScreen.ts';

const driver = hostDriver();

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
    assert.ok(shown.findIndex((row) => row.startsWith('Input ')) > 0, 'it is still open');
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
    // A click opens the row too: the next one would be a fact of it.
    await until('it is open', async () => (await rows()).length > 4);
    await driver.press('ArrowLeft');
    await until('it is closed', async () => (await rows()).length === 4);
    await driver.press('Shift+ArrowDown');
    await until('both are selected', async () =>
      driver.evaluate(
        `[...document.querySelectorAll('${list} .monaco-list-row.selected')].filter(({ innerText }) => innerText.includes('paused')).length === 2`,
      ),
    );
    // The extension hears of a selection a moment after it is on screen.
    await new Promise((resolve) => setTimeout(resolve, 2000));
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
    await typeIntoQuestion('review');
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
    const count = async (selector: string): Promise<unknown> =>
      driver.evaluate(`document.querySelectorAll(${JSON.stringify(selector)}).length`);
    const icon = '.activitybar .action-item:has([aria-label*="Agent Quota"])';
    assert.deepEqual(
      [await count(icon), await count(`${icon} .badge-content`), await count('[id^="agent-quota.agent-quota"]')],
      [1, 1, 1],
      'one icon, one badge, one item in the status bar',
    );
    await driver.hover('.statusbar-item:has-text("agents")');
    await until('the tooltip has gauges', async () =>
      String(await driver.evaluate(`document.querySelector('.monaco-hover:not(.hidden)')?.innerText ?? ''`)).includes(
        '░',
      ),
    );
    await driver.screenshot('status-bar-tooltip');
    await driver.hover('.editor-group-watermark');
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
      await run(commands.newAgentTerminal);
      // Of two that start at the same time, either may be the first.
      await until('one waits', async () => (await shownNotifications()).includes('agent-1 waits for a slot'));
      await run(commands.newAgentTerminal);
      await until('both wait, in one notification', async () => {
        const text = await shownNotifications();
        return text.includes('2 agents wait for a slot: agent-1 (place 1), agent-2 (place 2)');
      });
      assert.equal((await shownNotifications()).match(/for a slot/g)?.length, 1);
      await driver.screenshot('waiting-agents');
      await driver.click('.notifications-center a:has-text("Start agent-1 without quota")');
      await until('it runs without quota', async () =>
        (await liveSessions()).some(({ agentId, mode }) => agentId === 'agent-1' && mode === 'unauthenticated'),
      );
      await until('one is left in line', async () => (await shownNotifications()).includes('agent-2 waits for a slot'));
      await api.releaseAgentAuth('holder');
      await until('it has its slot', async () =>
        (await liveSessions()).some(({ agentId, mode }) => agentId === 'agent-2' && mode === 'routed'),
      );
      await until('nobody waits', async () => !(await shownNotifications()).includes('for a slot'));
      const cancelled = run(commands.newAgentTerminal);
      await until('another waits', async () => (await shownNotifications()).includes('waits for a slot'));
      await driver.click('.notifications-center .monaco-button:has-text("Cancel")');
      await cancelled;
      await until('it has left the line', async () => !(await shownNotifications()).includes('for a slot'));
      assert.equal((await liveSessions()).length, 2);
    } finally {
      await set(settings.apiKeyConcurrentAgents, undefined);
    }
  });
});
