import assert from 'node:assert/strict';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import * as vscode from 'vscode';
import { commands, settings } from '../../src/contributions.ts';
import { noUsage, totalTokens } from '../../src/core/usage.ts';
import { hostDriver } from '../host/driverClient.ts';
import { agentQuota, ask, clearWindow, everythingOnDisk, liveSessions, set, until } from './quotaWindow.ts';

const driver = hostDriver();
const webview = { within: 'webview' } as const;

const inPage = async (expression: string): Promise<unknown> => driver.evaluate(expression, webview);

/** The agents of the rows on the page, in their order. */
async function shownAgents(): Promise<readonly string[]> {
  const texts = await inPage(`[...document.querySelectorAll('.grid tbody th')].map((cell) => cell.textContent)`);
  return texts as readonly string[];
}

/** How many rows the table has, on the page or not. */
async function rowCount(): Promise<number> {
  return Number(await inPage(`(document.querySelector('[role=grid]')?.getAttribute('aria-rowcount') ?? 1) - 1`));
}

/** What has the keyboard: its name as a screen reader says it. */
async function focused(): Promise<string> {
  return String(
    await inPage(`document.activeElement?.getAttribute('aria-label') ?? document.activeElement?.textContent ?? ''`),
  );
}

/** Waits until something is read aloud. */
async function says(words: string): Promise<void> {
  let last = '';
  try {
    await until(words, async () => {
      last = String(await inPage(`document.querySelector('[role=status]')?.textContent`));
      return last.includes(words);
    });
  } catch (error) {
    throw new Error(`It says "${last}".`, { cause: error });
  }
}

async function open(names: readonly string[], requests = 0): Promise<void> {
  const api = await agentQuota();
  for (const name of names) {
    const auth = await api.setupClaudeAgentAuth(name);
    assert.equal(auth.kind, 'authenticated');
    const { ANTHROPIC_BASE_URL: url, ANTHROPIC_API_KEY: token } = auth.overlay;
    for (let made = 0; made < requests; made += 1) assert.equal(await ask(url ?? '', token ?? '', name), 200);
  }
}

async function show(): Promise<void> {
  await vscode.commands.executeCommand(commands.showQuotaDetails);
  await until('the page is there', async () => (await inPage(`document.querySelector('h1') !== null`)) === true);
}

const themes = [
  ['Default Light Modern', 'light'],
  ['Default Dark Modern', 'dark'],
  ['Default High Contrast', 'contrast'],
  ['Default High Contrast Light', 'contrast-light'],
] as const;

describe('the dashboard', function () {
  this.timeout(120_000);

  before(async () => {
    await clearWindow();
    await set(settings.apiKeyConcurrentAgents, 400);
    const api = await agentQuota();
    await until('the plan has the slots', async () => {
      const { limits } = await api.quotaStatus();
      return limits.find(({ dimension }) => dimension === 'slots')?.limit === 400;
    });
    await show();
  });

  afterEach(async () => {
    await clearWindow();
    await until('no row', async () => (await rowCount()) === 0);
  });
  after(async () => {
    await vscode.commands.executeCommand('workbench.action.closeAllEditors');
    await set(settings.apiKeyConcurrentAgents, undefined);
    await set('workbench.colorTheme', undefined);
    await driver.resize(1280, 800);
  });

  it('breaks no rule of accessibility, in any theme, with sessions, usage and events on it', async () => {
    await open(['reviewer', 'tester', 'writer'], 2);
    await until('three rows', async () => (await rowCount()) === 3);
    await until('the chart', async () => (await inPage(`document.querySelector('.chart canvas') !== null`)) === true);
    await until('events', async () => Number(await inPage(`document.querySelectorAll('.event').length`)) >= 3);
    await inPage(`document.querySelector('details').open = true`);
    for (const [theme, name] of themes) {
      await set('workbench.colorTheme', theme);
      for (const width of [1280, 650]) {
        await driver.resize(width, 1400);
        await new Promise((resolve) => setTimeout(resolve, 600));
        await driver.screenshot(`dashboard-${name}-${width}`);
        assert.deepEqual(await driver.violations(webview), [], `${name}, ${width} px`);
      }
    }
    await inPage(`document.querySelector('details').open = false`);
    await driver.resize(1280, 800);
  });

  it('sorts by a heading, and back', async () => {
    await open(['b', 'a'], 1);
    await open(['c'], 3);
    await until('three rows', async () => (await rowCount()) === 3);
    await until('tokens are metered', async () =>
      /c.*\d/.test(String(await inPage(`document.querySelector('.grid tbody').textContent`))),
    );
    await driver.click('.grid thead .agent-column button', webview);
    assert.deepEqual(await shownAgents(), ['a', 'b', 'c']);
    await driver.click('.grid thead .agent-column button', webview);
    assert.deepEqual(await shownAgents(), ['c', 'b', 'a']);
    assert.equal(await inPage(`document.querySelector('.grid thead .agent-column').ariaSort`), 'descending');
    await driver.click('.grid thead .tokens-column button', webview);
    await until('the one that used most is first', async () => (await shownAgents())[0] === 'c');
    await says('Sorted by tokens, descending');
    await driver.click('.grid thead .agent-column button', webview);
  });

  it('filters by words and by state, and exports what is shown', async () => {
    await open(['red-1', 'red-2', 'blue-1'], 1);
    await until('three rows', async () => (await rowCount()) === 3);
    await driver.click('.filter', webview);
    await driver.type('red');
    await until('two rows', async () => (await rowCount()) === 2);
    await says('2 of 3 sessions shown');
    await driver.click('.grid thead .agent-column button', webview);
    const [folder] = vscode.workspace.workspaceFolders ?? [];
    for (const format of ['csv', 'json'] as const) {
      const name = `agent-quota-sessions.${format}`;
      await driver.click(`section:has(.grid) .tools button:text-is("Export ${format.toUpperCase()}")`, webview);
      const asked = `document.querySelector('.quick-input-widget input[type=text]')?.value.endsWith('${name}')`;
      await until('the dialog asks where to', async () => (await driver.evaluate(asked)) === true);
      await driver.press('Enter');
      const file = path.join(folder?.uri.fsPath ?? '', name);
      await until('the file is written', () => existsSync(file) && readFileSync(file).length > 0);
      await says(`Exported to ${name}`);
      const text = readFileSync(file, 'utf8');
      rmSync(file);
      assert.ok(text.includes('red-1') && text.includes('red-2') && !text.includes('blue-1'), text);
      if (format === 'json') {
        const rows = JSON.parse(text) as { readonly agent: string; readonly tokens: number }[];
        const metered = await liveSessions();
        for (const { agent, tokens } of rows) {
          const usage = metered.find(({ agentId }) => agentId === agent)?.usage;
          assert.equal(tokens, totalTokens(usage ?? noUsage), agent);
        }
      }
    }
    await driver.click('.filter', webview);
    await driver.press('Control+A');
    await driver.press('Delete');
    await until('three rows', async () => (await rowCount()) === 3);
  });

  it('pauses, resumes and releases by the keyboard alone, which stays where it was', async () => {
    await open(['k-1', 'k-2', 'k-3']);
    await until('three rows', async () => (await rowCount()) === 3);
    await inPage(`document.querySelector('.skip').focus()`);
    await driver.press('Enter');
    await driver.press('Control+Home');
    await driver.press('ArrowDown');
    assert.equal(await focused(), (await shownAgents())[0]);
    await driver.press('ArrowDown');
    const second = (await shownAgents())[1] ?? '';
    assert.equal(await focused(), second);
    await driver.press('End');
    assert.equal(await focused(), `Release the session of ${second}`);
    await driver.press('ArrowLeft');
    assert.equal(await focused(), `Pause ${second}: its requests wait`);
    await driver.press('Enter');
    const isPaused = async (): Promise<boolean> => {
      const session = (await liveSessions()).find(({ agentId }) => agentId === second);
      return session !== undefined && session.state !== 'ended' && session.pausedAt !== undefined;
    };
    await until('it is paused', isPaused);
    await until('the button resumes', async () => (await focused()) === `Resume ${second}`);
    await says(`${second} paused`);
    await driver.press('Enter');
    await until('it is resumed', async () => !(await isPaused()));
    await until('the button pauses', async () => (await focused()) === `Pause ${second}: its requests wait`);
    await driver.press('Delete');
    await until('its session has ended', async () => (await liveSessions()).every(({ agentId }) => agentId !== second));
    await until('its row is gone', async () => (await rowCount()) === 2);
    assert.equal(await focused(), `Pause ${(await shownAgents())[1] ?? ''}: its requests wait`, 'on the next row');
  });

  it('asks for a weight in VS Code’s own way', async () => {
    await driver.resize(1900, 800);
    await open(['heavy']);
    await until('a row', async () => (await rowCount()) === 1);
    await driver.click('.grid tbody .weight-column button', webview);
    await until(
      'the question',
      async () =>
        await driver.evaluate(`document.querySelector('.quick-input-widget')?.innerText.includes('Weight of heavy')`),
    );
    await driver.type('2');
    await driver.press('Enter');
    await until(
      'the weight is shown',
      async () => (await inPage(`document.querySelector('.grid tbody .weight-column').textContent`)) === '2',
    );
    await driver.resize(1280, 800);
  });

  it('has no more rows on the page than are in view, and reaches every one', async () => {
    const names = Array.from({ length: 60 }, (_, index) => `row-${index + 1}`);
    await open(names);
    await until('sixty rows', async () => (await rowCount()) === 60);
    await driver.click('.grid thead .agent-column button', webview);
    const rendered = Number(await inPage(`document.querySelectorAll('.grid tbody tr').length`));
    assert.ok(rendered < 60, `${rendered} rows on the page`);
    await driver.press('Control+End');
    const last = await focused();
    const rows = await inPage(`document.activeElement.closest('tr').getAttribute('aria-rowindex')`);
    assert.equal(rows, '61', last);
    await driver.press('PageUp');
    await driver.press('Control+Home');
    await driver.press('ArrowDown');
    assert.notEqual(await focused(), last);
    assert.equal(await inPage(`document.activeElement.closest('tr').getAttribute('aria-rowindex')`), '2');
  });

  it('is as it was left when it was hidden, and is not fed meanwhile', async () => {
    await open(['first', 'second']);
    await until('two rows', async () => (await rowCount()) === 2);
    await driver.click('.filter', webview);
    await driver.type('secon');
    await until('one row', async () => (await rowCount()) === 1);
    await vscode.commands.executeCommand('workbench.action.files.newUntitledFile');
    await vscode.commands.executeCommand('workbench.action.closeActiveEditor');
    await show();
    await until('one row again', async () => (await rowCount()) === 1);
    assert.equal(await inPage(`document.querySelector('.filter').value`), 'secon');
    await driver.click('.filter', webview);
    await driver.press('Control+A');
    await driver.press('Delete');
    await until('two rows', async () => (await rowCount()) === 2);
  });

  it('shows another time and other layers when it is asked to', async () => {
    await open(['charted'], 1);
    await driver.click('label:has(input[value=hour])', webview);
    const label = async (): Promise<string> => String(await inPage(`document.querySelector('.chart').ariaLabel`));
    await until('the last hour', async () => (await label()).includes('the last hour by the minute, by agent'));
    await driver.click('label:has(input[value=model])', webview);
    await until('by model', async () => (await label()).includes('by model: claude-opus-5-5 '));
    await driver.click('label:has(input[value=agent])', webview);
  });

  it('did nothing that its content security policy forbids, and nothing in it has failed', () => {
    const complaints = everythingOnDisk()
      .filter(({ file }) => file.endsWith('Agent Quota.log'))
      .flatMap(({ content }) => content.split('\n'))
      .filter((line) => line.includes('of the dashboard'));
    assert.deepEqual(complaints, []);
  });
});
