import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import path from 'node:path';
import * as vscode from 'vscode';
import { commands } from '../../src/contributions.ts';
import { hostDriver } from '../host/driverClient.ts';
import {
  agentQuota,
  behave,
  clearWindow,
  liveSessions,
  realKey,
  scratch,
  shownNotifications,
  terminalText,
  until,
  upstreamUrl,
  withEnvironment,
} from './quotaWindow.ts';

/** A port of this machine that nobody listens on. */
async function closedPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** Runs the command and reads what it says. */
async function testAuthentication(expected: RegExp, screenshot: string): Promise<string> {
  const driver = hostDriver();
  await vscode.commands.executeCommand('notifications.clearAll');
  void vscode.commands.executeCommand(commands.testAuthentication);
  const said = await until(`the test says ${String(expected)}`, async () => {
    const text = await shownNotifications();
    return expected.test(text) ? text : undefined;
  });
  await driver.screenshot(screenshot);
  await vscode.commands.executeCommand('notifications.clearAll');
  return said;
}

describe('authentication', function () {
  this.timeout(60_000);
  afterEach(clearWindow);

  it('that works is said to work', async () => {
    await testAuthentication(/works/i, 'authentication-works');
  });

  it('without a key: says so, and the agent starts unauthenticated', async () => {
    await withEnvironment({ ANTHROPIC_API_KEY: undefined, CLAUDE_API_KEY: undefined }, async () => {
      const said = await testAuthentication(/No Claude credentials were found/, 'authentication-no-key');
      assert.match(said, /ANTHROPIC_API_KEY/);
      const auth = await (await agentQuota()).setupClaudeAgentAuth('keyless');
      assert.equal(auth.kind, 'unauthenticated');
      assert.deepEqual(auth.overlay, {});
      assert.match(auth.reason.nextStep, /Set ANTHROPIC_API_KEY/);
      const health = await (await agentQuota()).checkAuthHealth();
      assert.equal(health.healthy, false);
      assert.equal(health.activeAgents, 0);

      const before = vscode.window.terminals.length;
      await vscode.commands.executeCommand(commands.newAgentTerminal);
      await until('a terminal opens all the same', () => vscode.window.terminals.length > before);
      await until('it says so', async () => (await terminalText()).includes('No Claude credentials were found'));
    });
  });

  it('with a wrong key: says that it was rejected, and the agent starts unauthenticated', async () => {
    await withEnvironment({ ANTHROPIC_API_KEY: 'sk-ant-api03-wrong', CLAUDE_API_KEY: undefined }, async () => {
      const said = await testAuthentication(/rejected|refused|does not accept/i, 'authentication-wrong-key');
      assert.ok(!said.includes('sk-ant-api03-wrong'));
      const auth = await (await agentQuota()).setupClaudeAgentAuth('wrong');
      assert.equal(auth.kind, 'unauthenticated');
    });
  });

  it('with an unreachable endpoint: says so, and the agent can be started without quota', async () => {
    await withEnvironment({ ANTHROPIC_BASE_URL: `http://127.0.0.1:${await closedPort()}` }, async () => {
      const said = await testAuthentication(/does not work \(http:\/\/127\.0\.0\.1/, 'authentication-unreachable');
      assert.match(said, /refuses connections/);
      const driver = hostDriver();
      await vscode.commands.executeCommand(commands.newAgentTerminal);
      const terminal = await until('a terminal opens', () => vscode.window.activeTerminal);
      await until('it offers it', async () => (await terminalText()).includes('type n and Enter to start without'));
      await driver.screenshot('start-without-quota');
      assert.equal((await liveSessions()).length, 1);
      terminal.sendText('n');
      await until('the session is released', async () => (await liveSessions()).length === 0);
      const file = path.join(scratch(), 'without quota');
      terminal.sendText(`env > "${file}.part"; mv "${file}.part" "${file}"`);
      await until('its shell runs', () => existsSync(file));
      assert.doesNotMatch(readFileSync(file, 'utf8'), /^CLAUDE_SESSION_ID=/m);
    });
    assert.equal(process.env['ANTHROPIC_BASE_URL'], upstreamUrl());
    assert.equal(process.env['ANTHROPIC_API_KEY'], realKey());
  });

  it('that fails upstream is seen in time by who asks again', async () => {
    await behave({ acceptedKeys: [] });
    try {
      await testAuthentication(/rejected|refused|does not accept/i, 'authentication-revoked');
    } finally {
      await behave({ acceptedKeys: [realKey()] });
    }
    await testAuthentication(/works/i, 'authentication-works-again');
  });
});
