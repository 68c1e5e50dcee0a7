import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import * as vscode from 'vscode';
import { commands, settings } from '../../src/contributions.ts';
import type { LimitStatus } from '../../src/shared/limitStatus.ts';
import { hostDriver } from '../host/driverClient.ts';
import { agentQuota, ask, clearWindow, set, shownNotifications, until } from './quotaWindow.ts';

const driver = hostDriver();
const rows =
  '.monaco-list[aria-label*="Agent Sessions"] .monaco-list-row, .tree-explorer-viewlet-tree-view .monaco-list-row';

const longName = 'release-notes-writer-two';

async function open(count: number): Promise<void> {
  const api = await agentQuota();
  const names = Array.from({ length: count }, (_, index) => (index === 1 ? longName : `agent-${index + 1}`));
  const answers = await Promise.all(names.map((name) => api.setupClaudeAgentAuth(name)));
  assert.ok(answers.every(({ kind }) => kind === 'authenticated'));
}

async function statusBarText(): Promise<string> {
  const text = await driver.evaluate(
    `[...document.querySelectorAll('.statusbar-item')].map(({ innerText }) => innerText).find((text) => text.includes('agents')) ?? ''`,
  );
  return String(text);
}

/** The rows of the dashboard's sessions table. */
async function tableRows(): Promise<number> {
  return Number(
    await driver.evaluate(`(document.querySelector('[role=grid]')?.getAttribute('aria-rowcount') ?? 1) - 1`, {
      within: 'webview',
    }),
  );
}

/** What of the page is cut off: short agent names, gauges' texts, the page itself. */
const cutOff = `(() => {
  const isCut = (element) => element.scrollWidth > element.clientWidth;
  const wide = innerWidth >= 800;
  return [document.documentElement, ...document.querySelectorAll('.gauge, header, .note, .grid tbody th')]
    .filter((element) => isCut(element) && (wide || element.textContent !== '${longName}'))
    .map((element) => innerWidth + ' px: ' + element.tagName + ' ' + element.className + ' ' + element.textContent.slice(0, 60));
})()`;

/** `npm run test:long` looks at everything in every theme; the short form once in one, for what is cut off is cut off in all. */
const isWhole = (process.env['AGENT_QUOTA_LONG'] ?? '') !== '';

/** Window widths in which, beside the side bar, the page has some 930, 870, 440, 300 and 210 pixels. */
const widths = [1280, 1220, 790, 650, 560];

describe('the views', function () {
  this.timeout(120_000);

  before(async () => {
    await clearWindow();
    await set(settings.apiKeyConcurrentAgents, 400);
    const api = await agentQuota();
    await until('the plan has the slots', async () => {
      const { limits } = await api.quotaStatus();
      return limits.find(({ dimension }) => dimension === 'slots')?.limit === 400;
    });
  });

  afterEach(clearWindow);
  after(async () => {
    await vscode.commands.executeCommand('workbench.action.closeAllEditors');
    await clearWindow();
    for (const name of [settings.apiKeyConcurrentAgents, settings.plan, settings.maxSubscriptionDailyTokens]) {
      await set(name, undefined);
    }
    await set('workbench.colorTheme', undefined);
    await driver.resize(1280, 800);
  });

  for (const [count, shortForm] of [
    [0, 'light'],
    [3, 'dark'],
    [300, 'light'],
  ] as const) {
    it(`show ${count} sessions, light and dark, wide and narrow`, async () => {
      await open(count);
      await vscode.commands.executeCommand('agentQuota.sessions.focus');
      await vscode.commands.executeCommand(commands.showQuotaDetails);
      await until('the status bar counts them', async () => (await statusBarText()).includes(`${count}/400 agents`));
      if (count > 0) await until('the table has them', async () => (await tableRows()) === count);
      for (const [theme, name] of [
        ['Default Light Modern', 'light'],
        ['Default Dark Modern', 'dark'],
        ['Default High Contrast', 'contrast'],
      ] as const) {
        if (!isWhole && name !== shortForm) continue;
        await set('workbench.colorTheme', theme);
        for (const width of widths) {
          await driver.resize(width, 800);
          await new Promise((resolve) => setTimeout(resolve, 400));
          await driver.screenshot(`views-${count}-${name}-${width}`);
          assert.deepEqual(await driver.evaluate(cutOff, { within: 'webview' }), []);
        }
      }
      await driver.resize(560, 800);
      if (count === 3) await driver.screenshot('table-210', { selector: '.grid', within: 'webview' });
      await driver.resize(1280, 800);
      await clearWindow();
    });
  }

  it('keep tree and table in step as sessions come and go', async () => {
    await vscode.commands.executeCommand(commands.showQuotaDetails);
    await open(3);
    await until('three rows', async () => (await tableRows()) === 3);
    const api = await agentQuota();
    await api.releaseAgentAuth('agent-3');
    await until('two rows', async () => (await tableRows()) === 2);
    await until('the status bar has two', async () => (await statusBarText()).includes('2/400 agents'));
    await until('the tree has two, under their workspace', async () => {
      const shown = await driver.evaluate(`document.querySelectorAll('${rows}').length`);
      return Number(shown) === 1 + 2;
    });
    await clearWindow();
  });

  it('show subagents under the session whose they are', async () => {
    const api = await agentQuota();
    const auth = await api.setupClaudeAgentAuth('with-subagents');
    assert.equal(auth.kind, 'authenticated');
    const { ANTHROPIC_BASE_URL: url, ANTHROPIC_API_KEY: token } = auth.overlay;
    for (const name of ['reviewer', 'tester']) assert.equal(await ask(url ?? '', token ?? '', 'hi', name), 200);
    await vscode.commands.executeCommand('agentQuota.sessions.focus');
    const shown = async (): Promise<string> =>
      String(
        await driver.evaluate(`[...document.querySelectorAll('${rows}')].map(({ innerText }) => innerText).join('|')`),
      );
    await until('the session is there', async () => (await shown()).includes('with-subagents'));
    await until('its row opens', async () => {
      await vscode.commands.executeCommand('agentQuota.sessions.focus');
      await vscode.commands.executeCommand('list.focusFirst');
      await vscode.commands.executeCommand('list.focusDown');
      await vscode.commands.executeCommand('list.expand');
      return /reviewer.*1 request.*tester/s.test(await shown());
    });
    await driver.screenshot('subagents');
    await clearWindow();
  });

  it('release a session from the table by the keyboard alone', async () => {
    await vscode.commands.executeCommand(commands.showQuotaDetails);
    // Not a row of the test before, whose session has ended.
    await until('no row', async () => (await tableRows()) === 0);
    await open(1);
    await until('one row', async () => (await tableRows()) === 1);
    await driver.evaluate(`document.querySelector('.grid tbody .release').focus()`, { within: 'webview' });
    await driver.press('Enter');
    await until('no session', async () => (await (await agentQuota()).getActiveAgents()).length === 0);
  });

  it('warn in the status bar near the limit and alarm at it', async () => {
    const background = async (): Promise<string> =>
      String(
        await driver.evaluate(
          `[...document.querySelectorAll('.statusbar-item')].find(({ innerText }) => innerText.includes('agents'))?.className ?? ''`,
        ),
      );
    await set('agentQuota.plan', 'MaxSubscription');
    await set('agentQuota.maxSubscription.dailyTokens', 1_000_000);
    const api = await agentQuota();
    const day = async (): Promise<LimitStatus | undefined> =>
      (await api.quotaStatus()).limits.find(({ dimension }) => dimension === 'tokensPerDay');
    await until('the plan is the day’s', async () => (await day())?.limit === 1_000_000);
    const auth = await api.setupClaudeAgentAuth('spender');
    assert.equal(auth.kind, 'authenticated');
    const { ANTHROPIC_BASE_URL: url, ANTHROPIC_API_KEY: token } = auth.overlay;
    assert.equal(await ask(url ?? '', token ?? ''), 200);
    await set(
      'agentQuota.maxSubscription.dailyTokens',
      await until('the request is counted', async () => (await day())?.used),
    );
    await until('it alarms', async () => (await background()).includes('error-kind'));
    await driver.screenshot('status-bar-alarm');
    const late = await api.setupClaudeAgentAuth('late');
    assert.equal(late.kind, 'refused', 'no new agent is admitted');
    assert.match(late.reason.message, /tokens of today are used up/);
    await set('agentQuota.plan', undefined);
    await set('agentQuota.maxSubscription.dailyTokens', undefined);
    await until('it is calm again', async () => !(await background()).includes('-kind'));
  });
});

describe('the manifest', () => {
  it('has every command in the palette', async () => {
    const known = new Set(await vscode.commands.getCommands(true));
    const extension = vscode.extensions.getExtension('agent-quota.agent-quota');
    const manifest = JSON.parse(readFileSync(path.join(extension?.extensionPath ?? '', 'package.json'), 'utf8')) as {
      contributes: { commands: { command: string }[] };
    };
    const missing = manifest.contributes.commands.map(({ command }) => command).filter((id) => !known.has(id));
    assert.deepEqual(missing, []);
  });

  it('lets a bad setting be reported and its default hold', async () => {
    await set('agentQuota.apiKey.concurrentAgents', -3);
    const api = await agentQuota();
    await until('it is reported', async () =>
      (await shownNotifications()).includes('agentQuota.apiKey.concurrentAgents'),
    );
    await until('the default holds', async () => {
      const { limits } = await api.quotaStatus();
      return limits.find(({ dimension }) => dimension === 'slots')?.limit === 8;
    });
    await set('agentQuota.apiKey.concurrentAgents', undefined);
    await vscode.commands.executeCommand('notifications.clearAll');
  });
});
