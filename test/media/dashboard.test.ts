import * as vscode from 'vscode';
import { commands } from '../../src/contributions.ts';
import { hostDriver } from '../host/driverClient.ts';
import { agentQuota, clearWindow, until } from '../vscode/quotaWindow.ts';

const driver = hostDriver();
const webview = { within: 'webview' } as const;

const agents = [
  { name: 'reviewer', model: 'claude-opus-5-5', words: 9000, requests: 5 },
  { name: 'release-notes', model: 'claude-haiku-4-5', words: 4000, requests: 3 },
  { name: 'test-writer', model: 'claude-sonnet-4-5', words: 6000, requests: 4 },
];

async function ask(url: string, token: string, model: string, words: number): Promise<void> {
  const messages = [{ role: 'user', content: 'word '.repeat(words) }];
  await fetch(`${url}/v1/messages`, {
    method: 'POST',
    headers: { 'x-api-key': token, 'anthropic-version': '2023-06-01', 'content-type': 'application/json' },
    body: JSON.stringify({ model, max_tokens: 512, messages }),
  });
}

describe('the pictures of the window and the dashboard', function () {
  this.timeout(120_000);

  it('are taken', async () => {
    await clearWindow();
    const api = await agentQuota();
    for (const { name, model, words, requests } of agents) {
      const auth = await api.setupClaudeAgentAuth(name);
      if (auth.kind !== 'authenticated') throw new Error(`${name} has no session.`);
      const { ANTHROPIC_BASE_URL: url, ANTHROPIC_API_KEY: token } = auth.overlay;
      for (let made = 0; made < requests; made += 1) await ask(url ?? '', token ?? '', model, words);
    }
    await driver.resize(1280, 800);
    await vscode.commands.executeCommand('agentQuota.sessions.focus');
    await vscode.commands.executeCommand(commands.showQuotaDetails);
    await until('usage of days is there', () =>
      driver.evaluate(`document.querySelectorAll('.day[data-step="4"], .day[data-step="3"]').length > 5`, webview),
    );
    await driver.click('label:has(input[value=week])', webview);
    await until('costs are there', () =>
      driver.evaluate(
        `[...document.querySelectorAll('.grid .cost-column')].filter(({ textContent }) => textContent.includes('$')).length === ${agents.length} &&
         document.querySelector('.chart')?.ariaLabel.includes('7 days')`,
        webview,
      ),
    );
    await driver.hover('h1', webview);
    await new Promise((resolve) => setTimeout(resolve, 1500));
    await driver.screenshot('media-window');
    // As high as the page is.
    await driver.resize(1400, 1120);
    await vscode.commands.executeCommand('workbench.action.closeSidebar');
    await new Promise((resolve) => setTimeout(resolve, 1500));
    await driver.screenshot('media-dashboard', { selector: 'body', within: 'webview' });
  });
});
