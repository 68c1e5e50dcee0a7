import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { commands, settings } from '../../src/contributions.ts';
import { hostDriver } from '../host/driverClient.ts';
import { agentQuota, clearWindow, liveSessions, set, terminalText, until } from './quotaWindow.ts';

describe('six agents on a plan of five', function () {
  this.timeout(60_000);

  before(async () => {
    await clearWindow();
    await set(settings.apiKeyConcurrentAgents, 5);
    const api = await agentQuota();
    await until('the plan has five slots', async () => {
      const { limits } = await api.quotaStatus();
      return limits.find(({ dimension }) => dimension === 'slots')?.limit === 5;
    });
    for (let number = 1; number <= 5; number++) {
      const auth = await api.setupClaudeAgentAuth(`worker-${number}`);
      assert.equal(auth.kind, 'authenticated');
    }
  });

  after(async () => {
    await clearWindow();
    await set(settings.apiKeyConcurrentAgents, undefined);
  });

  it('refuse the sixth with the reason when it does not wait', async () => {
    const auth = await (await agentQuota()).setupClaudeAgentAuth('sixth');
    assert.equal(auth.kind, 'refused');
    assert.match(auth.reason.message, /5 slots.*worker-1/);
    assert.match(auth.reason.nextStep, /release an agent/i);
  });

  it('let the sixth wait in sight, and start it when one ends', async () => {
    const driver = hostDriver();
    await vscode.commands.executeCommand(commands.newAgentTerminal);
    const shown = await until('the terminal shows the place', async () => {
      const text = await terminalText();
      return text.includes('place 1') ? text : undefined;
    });
    assert.match(shown, /Waiting for a free slot, place 1 in line/);
    assert.equal((await liveSessions()).length, 5);
    await driver.screenshot('waiting-for-a-slot');
    assert.equal(await (await agentQuota()).releaseAgentAuth('worker-3'), 1);
    await until('the sixth runs', async () =>
      (await liveSessions()).some(({ agentId }) => agentId.startsWith('agent-')),
    );
    assert.equal((await liveSessions()).length, 5);
  });
});
