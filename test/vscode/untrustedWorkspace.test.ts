import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import * as vscode from 'vscode';
import { commands } from '../../src/contributions.ts';
import { agentQuota, ask, clearWindow, realKey, scratch, served, until } from './quotaWindow.ts';

describe('an untrusted workspace @untrusted', function () {
  this.timeout(60_000);
  after(clearWindow);

  it('is one, and the extension works in it', async () => {
    assert.equal(vscode.workspace.isTrusted, false);
    const inspected = vscode.workspace.getConfiguration().inspect('task.allowAutomaticTasks');
    assert.equal(inspected?.globalValue, 'on');
    await agentQuota();
  });

  it('changes neither where agents are sent nor how much they may use', async () => {
    const before = await served();
    const api = await agentQuota();
    const auth = await api.setupClaudeAgentAuth('guest');
    assert.equal(auth.kind, 'authenticated');
    const { ANTHROPIC_BASE_URL: url, ANTHROPIC_API_KEY: token } = auth.overlay;
    assert.ok(url && token && token !== realKey());
    assert.match(url, /^http:\/\/127\.0\.0\.1:\d+$/);
    assert.equal(await ask(url, token), 200);
    assert.equal((await served()).requests - before.requests, 1, 'the user’s own upstream is the one that was asked');
    // 100 requests a minute for 8 slots, as the user has it.
    assert.equal(auth.overlay['CLAUDE_MAX_REQUESTS_PER_MINUTE'], '12');
    await vscode.commands.executeCommand(commands.newAgentTerminal);
    const terminal = await until('a terminal opens', () => vscode.window.activeTerminal);
    const file = path.join(scratch(), 'untrusted environment');
    terminal.sendText(`env > "${file}.part"; mv "${file}.part" "${file}"`);
    await until('its shell runs', () => existsSync(file));
    const environment = readFileSync(file, 'utf8').split('\n');
    assert.ok(environment.includes(`ANTHROPIC_BASE_URL=${url}`));
    assert.ok(!environment.some((line) => /evil|127\.0\.0\.1:9$/.test(line)));
  });

  it('runs none of its tasks, not even those that start with the folder', async () => {
    const api = await agentQuota();
    // VS Code may ask for trust here, which nobody gives.
    const fetched = vscode.tasks.fetchTasks({ type: 'claude-agent' });
    const nobody = new Promise<vscode.Task[]>((resolve) => setTimeout(resolve, 3000, []));
    assert.deepEqual(await Promise.race([fetched, nobody]), []);
    assert.ok(!existsSync(path.join(scratch(), 'hostile')));
    const agents = await api.getActiveAgents();
    assert.ok(agents.every(({ agentId }) => agentId !== 'hostile'));
  });
});
