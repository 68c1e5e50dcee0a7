import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { settings } from '../../src/contributions.ts';
import { hostDriver } from '../host/driverClient.ts';
import { agentQuota, ask, clearWindow, set, shownNotifications, until } from './quotaWindow.ts';

describe('the daily tokens that nobody has chosen', function () {
  this.timeout(60_000);

  after(async () => {
    await clearWindow();
    await set(settings.plan, undefined);
    await set(settings.maxSubscriptionDailyTokens, undefined);
    await vscode.commands.executeCommand('notifications.clearAll');
  });

  it('are asked about, once, when they keep an agent from working, and one click sets them', async () => {
    await clearWindow();
    await vscode.commands.executeCommand('notifications.clearAll');
    await set(settings.plan, 'MaxSubscription');
    const api = await agentQuota();
    await until('the plan is the day’s', async () => (await api.quotaStatus()).planKind === 'MaxSubscription');
    const auth = await api.setupClaudeAgentAuth('spender');
    assert.equal(auth.kind, 'authenticated');
    const { ANTHROPIC_BASE_URL: url, ANTHROPIC_API_KEY: token } = auth.overlay;
    assert.equal(await ask(url ?? '', token ?? '', 'word '.repeat(20_000)), 200);

    const late = await until('an agent is refused', async () => {
      const answer = await api.setupClaudeAgentAuth('late');
      if (answer.kind === 'refused') return answer;
      await api.releaseAgentAuth('late');
      return undefined;
    });
    assert.equal(late.reason.code, 'day-used-up');
    const asked = await until('the question', async () => {
      const text = await shownNotifications();
      return text.includes('Use 200,000') ? text : undefined;
    });
    assert.match(asked, /10,000 tokens a day .* used up: Claude Code's first request alone takes some 12,000/);
    assert.match(asked, /Follow Anthropic/);
    assert.match(asked, /Keep 10,000/);
    const driver = hostDriver();
    await driver.screenshot('daily-tokens-question');
    await driver.click('.notifications-center .monaco-button:has-text("Use 200,000")');
    await until(
      'the setting is written',
      () => vscode.workspace.getConfiguration().inspect(settings.maxSubscriptionDailyTokens)?.globalValue === 200_000,
    );
    await until('the agent gets its session', async () => (await api.setupClaudeAgentAuth('late')).kind !== 'refused');

    await set(settings.maxSubscriptionDailyTokens, undefined);
    await until('it is refused again', async () => (await api.setupClaudeAgentAuth('later')).kind === 'refused');
    await new Promise((resolve) => setTimeout(resolve, 300));
    assert.doesNotMatch(await shownNotifications(), /Use 200,000/);
  });
});
