import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import * as vscode from 'vscode';
import { settings } from '../../src/contributions.ts';
import { agentQuota, ask, clearWindow, scratch, set, terminalsAreWrittenDown, until } from './quotaWindow.ts';

const note = (): string => path.join(scratch(), 'before-reload.json');

interface BeforeReload {
  readonly gatewayUrl: string;
  readonly token: string;
  readonly sessionId: string;
  readonly pid: number;
  readonly tokensToday: number;
}

async function tokensPerDayUsed(): Promise<number> {
  const { limits } = await (await agentQuota()).quotaStatus();
  return limits.find(({ dimension }) => dimension === 'tokensPerDay')?.used ?? 0;
}

describe('a window that is about to be reloaded', function () {
  this.timeout(60_000);

  it('has usage of the day and a session that outlives it @last', async () => {
    await clearWindow();
    await set(settings.maxSubscriptionDailyTokens, 1_000_000);
    await set(settings.plan, 'MaxSubscription');
    const api = await agentQuota();
    await until('the plan is the day’s', async () => (await api.quotaStatus()).planKind === 'MaxSubscription');
    // The terminal's shell lives on over the reload, and so does its session.
    const terminal = vscode.window.createTerminal('holder');
    const pid = await terminal.processId;
    assert.ok(pid);
    const auth = await api.setupClaudeAgentAuth('survivor', { pid });
    assert.equal(auth.kind, 'authenticated');
    const { ANTHROPIC_BASE_URL: gatewayUrl, ANTHROPIC_API_KEY: token } = auth.overlay;
    assert.ok(gatewayUrl && token);
    assert.equal(await ask(gatewayUrl, token), 200);
    const tokensToday = await until('the day’s tokens are counted', tokensPerDayUsed);
    const before: BeforeReload = { gatewayUrl, token, sessionId: auth.sessionId, pid, tokensToday };
    writeFileSync(note(), JSON.stringify(before));
    await terminalsAreWrittenDown();
  });
});

describe('a window that was reloaded @reloaded', function () {
  this.timeout(60_000);
  after(async () => {
    // VS Code brings it back when it has the time; until then it cannot be closed.
    await until('the terminal is there again', () => vscode.window.terminals.some(({ name }) => name === 'holder'));
    await clearWindow();
    await set(settings.plan, undefined);
    await set(settings.maxSubscriptionDailyTokens, undefined);
  });

  it('still has the day’s usage, the session, its token and the gateway’s address', async () => {
    const before = JSON.parse(readFileSync(note(), 'utf8')) as BeforeReload;
    assert.equal(await until('the usage is there', tokensPerDayUsed), before.tokensToday);
    const api = await agentQuota();
    const sessions = await until('the session is there', async () => {
      const found = await api.getActiveAgents();
      return found.some(({ sessionId }) => sessionId === before.sessionId) ? found : undefined;
    });
    assert.equal(sessions.length, 1, 'and no other');
    assert.equal(await ask(before.gatewayUrl, before.token), 200);
    const more = await until('the new request is counted too', async () => {
      const used = await tokensPerDayUsed();
      return used > before.tokensToday ? used : undefined;
    });
    assert.ok(more > before.tokensToday);
  });
});
