import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Browser } from 'playwright-core';
import { type SimulatedUpstreamProcess, startSimulatedUpstreamProcess } from '../fakes/simulatedUpstreamProcess.ts';
import { launchBrowser } from '../host/browser.ts';
import { copyExtension } from '../host/extensionCopy.ts';
import { screenshotDirectory } from '../host/paths.ts';
import { type ServedVsCode, startServedVsCode } from '../host/servedVsCode.ts';
import { UsedWindow } from './usedWindow.ts';

const slots = 5;
const newTerminal = 'Agent Quota: New Agent Terminal';

describe('two VS Code windows at once', function () {
  this.timeout(180_000);
  let base: string;
  let upstream: SimulatedUpstreamProcess;
  let server: ServedVsCode;
  let browser: Browser;
  let first: UsedWindow;
  let second: UsedWindow;

  before(async () => {
    base = await mkdtemp(path.join(tmpdir(), 'aq two '));
    const folders = await Promise.all(
      ['shop', 'docs', 'scratch'].map(async (name) => {
        const folder = path.join(base, name);
        await mkdir(folder);
        return folder;
      }),
    );
    const [shop = '', docs = '', scratch = ''] = folders;
    const key = 'sk-ant-api03-for-two-windows';
    upstream = await startSimulatedUpstreamProcess({ behaviour: { acceptedKeys: [key] } });
    server = await startServedVsCode({
      workspaceFolder: shop,
      extensionPaths: [await copyExtension(base)],
      userSettings: { 'agentQuota.apiKey.concurrentAgents': slots },
      env: {
        ANTHROPIC_API_KEY: key,
        CLAUDE_API_KEY: undefined,
        ANTHROPIC_BASE_URL: upstream.url,
        CLAUDE_BASE_URL: undefined,
        AGENT_QUOTA_TEST_SCRATCH: scratch,
      },
    });
    browser = await launchBrowser();
    first = await UsedWindow.open(browser, server.url(), slots);
    second = await UsedWindow.open(browser, server.url({ workspaceFolder: docs }), slots);
    await mkdir(screenshotDirectory, { recursive: true });
  });

  afterEach(async function () {
    const failed = this.currentTest?.state === 'failed' ? 'failed-' : '';
    for (const [name, window] of [['first', first] as const, ['second', second] as const]) {
      await window.page.screenshot({ path: path.join(screenshotDirectory, `${failed}two-windows-${name}.png`) });
    }
  });

  after(async () => {
    await browser.close();
    await server.stop();
    await upstream.close();
    await rm(base, { recursive: true, force: true, maxRetries: 5 });
  });

  it('show each other’s sessions within a second', async () => {
    for (let running = 1; running <= 3; running++) {
      await first.run(newTerminal);
      for (const window of [first, second]) await window.showsInStatusBar(`${running}/${slots} agents`);
    }
    for (const { page } of [first, second]) {
      await page.waitForFunction('Object.keys(window.agentRows).length >= 3', undefined, { timeout: 15_000 });
    }
    const [own, others] = [await first.rows(), await second.rows()];
    const agents = ['agent-1', 'agent-2', 'agent-3'];
    assert.deepEqual([Object.keys(own).sort(), Object.keys(others).sort()], [agents, agents]);
    const lateMs = Object.entries(own).map(([agent, at]) => (others[agent] ?? Infinity) - at);
    const [, usuallyMs = Infinity] = [...lateMs].sort((a, b) => a - b);
    assert.ok(usuallyMs <= 1000, `agents were in the second window's tree ${lateMs.join(', ')} ms later`);
  });

  it('have five slots together, and one line', async () => {
    for (let running = 4; running <= slots; running++) {
      await second.run(newTerminal);
      for (const window of [first, second]) await window.showsInStatusBar(`${running}/${slots} agents`);
    }
    await second.run(newTerminal);
    for (const window of [first, second]) await window.showsInStatusBar(`${slots}/${slots} agents +1`);
    const waiting = second.page.getByText(/waiting, place 1/).first();
    await waiting.waitFor({ state: 'attached' });

    // A slot that is freed in one window goes to who waits in the other.
    await first.run('Terminal: Kill the Active Terminal Instance');
    for (const window of [first, second]) {
      await window.page.waitForFunction(
        `/\\b${slots}\\/${slots} agents(?! \\+)/.test(document.querySelector('.statusbar').innerText)`,
      );
    }
    const agents = Object.keys(await second.rows()).sort();
    assert.deepEqual(agents, ['agent-1', 'agent-2', 'agent-3', 'agent-4', 'agent-5', 'agent-6']);
  });
});
