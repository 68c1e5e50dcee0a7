import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import * as vscode from 'vscode';
import { totalTokens } from '../../src/core/usage.ts';
import { formatCount } from '../../src/shared/amounts.ts';
import { hostDriver } from '../host/driverClient.ts';
import {
  agentQuota,
  clearWindow,
  liveSessions,
  openAgentTerminal,
  realKey,
  scratch,
  served,
  set,
  tokensBetween,
  until,
} from './quotaWindow.ts';

/** Runs a line in a terminal's shell and waits until it is done. @returns what it wrote. */
async function runIn(terminal: vscode.Terminal, name: string, line: string): Promise<string> {
  const file = path.join(scratch(), name);
  terminal.sendText(`${line} > "${file}.part" 2>&1; mv "${file}.part" "${file}"`);
  await until(`${name} is written`, () => existsSync(file), 60_000);
  return readFileSync(file, 'utf8');
}

describe('an agent terminal', function () {
  this.timeout(90_000);
  afterEach(clearWindow);

  it('runs the real CLI under a session whose tokens are the upstream’s own count', async () => {
    const before = await served();
    const terminal = await openAgentTerminal();
    assert.match(terminal.name, /agent-1/);

    const environment = await runIn(terminal, 'terminal-environment', 'env');
    const variables = new Map(
      environment.split('\n').map((line) => [line.split('=')[0], line.split('=').slice(1).join('=')]),
    );
    const session = (await liveSessions())[0];
    assert.ok(session);
    assert.equal(variables.get('ANTHROPIC_API_KEY'), variables.get('CLAUDE_API_KEY'));
    assert.match(variables.get('ANTHROPIC_BASE_URL') ?? '', /^http:\/\/127\.0\.0\.1:\d+$/);
    assert.equal(variables.get('ANTHROPIC_BASE_URL'), variables.get('CLAUDE_BASE_URL'));
    assert.equal(variables.get('CLAUDE_AGENT_ID'), 'agent-1');
    assert.equal(variables.get('CLAUDE_SESSION_ID'), session.sessionId);
    assert.equal(variables.get('CLAUDE_MAX_REQUESTS_PER_MINUTE'), '12');
    assert.match(variables.get('CLAUDE_MAX_TOKENS_ALLOCATED') ?? '', /^\d+$/);
    const withKey = environment.split('\n').filter((line) => line.includes(realKey()));
    assert.deepEqual(
      withKey.map((line) => line.split('=')[0]),
      ['AGENT_QUOTA_TEST_REAL_KEY'],
      'only the test’s own variable has the real key',
    );

    const answer = await runIn(terminal, 'terminal-answer', 'claude -p "say hi"');
    assert.match(answer, /Hello from the simulated upstream/);
    const used = tokensBetween(before, await served());
    assert.ok(used.cacheCreation5mTokens + used.cacheCreation1hTokens > 0);
    const metered = await until('the request is settled', async () => {
      const record = (await liveSessions())[0];
      return record !== undefined && record.requests > 0 && record.runningRequests === 0 ? record : undefined;
    });
    assert.deepEqual(metered.usage, used);

    await vscode.commands.executeCommand('agentQuota.sessions.focus');
    const driver = hostDriver();
    const total = totalTokens(used);
    await until(`the tree shows ${formatCount(total)} tokens`, async () => {
      const text = await driver.text('.monaco-list-row[aria-label*="agent-1"]');
      return text.includes(`${formatCount(total)} tokens`);
    });
    await driver.screenshot('agent-terminal');
  });

  it('gives its slot back within 5 seconds when it is closed', async () => {
    const terminal = await openAgentTerminal();
    await until('it has a session', async () => (await liveSessions()).length === 1);
    terminal.dispose();
    await until('the slot is free', async () => (await liveSessions()).length === 0, 5000);
  });

  it('gives its slot back within 5 seconds when its shell is killed', async () => {
    const terminal = await openAgentTerminal();
    const pid = await terminal.processId;
    assert.ok(pid);
    await until('the session knows the shell', async () => (await liveSessions())[0]?.process.pid === pid);
    process.kill(pid, 'SIGKILL');
    await until('the slot is free', async () => (await liveSessions()).length === 0, 5000);
  });

  it('opens from the profile "Claude Agent" too', async () => {
    // A user picks it in the menu beside the plus sign; as the default profile it opens by the same way.
    const platform = { linux: 'linux', darwin: 'osx', win32: 'windows' }[process.platform as 'linux'];
    const defaultProfile = `terminal.integrated.defaultProfile.${platform}`;
    await set(defaultProfile, 'Claude Agent');
    await vscode.commands.executeCommand('workbench.action.terminal.new');
    await set(defaultProfile, undefined);
    // Not always agent-1: the window may not have heard yet that the session of the test before has ended.
    const { agentId } = await until('a session is there', async () => (await liveSessions())[0]);
    const terminal = await until('a terminal is there', () =>
      vscode.window.terminals.find(({ name }) => name.includes(agentId)),
    );
    const environment = await runIn(terminal, 'profile-environment', 'env');
    assert.ok(environment.split('\n').includes(`CLAUDE_AGENT_ID=${agentId}`));
  });

  it('is one of many names', async () => {
    await openAgentTerminal();
    await openAgentTerminal();
    const names = await until('both have a session', async () => {
      const agents = await (await agentQuota()).getActiveAgents();
      return agents.length === 2 ? agents.map(({ agentId }) => agentId) : undefined;
    });
    assert.equal(new Set(names).size, 2);
    assert.ok(
      names.every((name) => /^agent-\d$/.test(name)),
      names.join(),
    );
  });
});
