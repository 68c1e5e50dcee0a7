import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import * as vscode from 'vscode';
import { commands, settings } from '../../src/contributions.ts';
import { clearWindow, liveSessions, realKey, scratch, set, until } from './quotaWindow.ts';

/** Runs a line in a terminal's shell. @returns what it wrote. */
async function runIn(terminal: vscode.Terminal, name: string, line: string): Promise<string> {
  const file = path.join(scratch(), `environment ${name}`);
  terminal.sendText(`{ ${line}; } > "${file}.part" 2>&1; mv "${file}.part" "${file}"`);
  await until(`${name} is written`, () => existsSync(file), 30_000);
  return readFileSync(file, 'utf8');
}

/** A directory with a `claude` that tells its variables and arguments. */
function fakeClaude(): string {
  const directory = path.join(scratch(), 'a fake claude');
  mkdirSync(directory, { recursive: true });
  const file = path.join(directory, 'claude');
  writeFileSync(file, '#!/bin/sh\nprintf "[%s]" "$@"\nenv\n');
  chmodSync(file, 0o755);
  return directory;
}

const variables = (text: string): Map<string, string> =>
  new Map(text.split('\n').map((line) => [line.split('=')[0] ?? '', line.split('=').slice(1).join('=')]));

describe('every integrated terminal', function () {
  this.timeout(60_000);
  beforeEach(clearWindow);
  after(async () => {
    await set(settings.wrapClaude, undefined);
    await clearWindow();
  });

  it('has agent-quota and the wrapped claude on its PATH, and no secret', async () => {
    const terminal = vscode.window.createTerminal('plain');
    const found = await runIn(terminal, 'paths', 'command -v agent-quota; command -v claude; agent-quota --version');
    assert.match(found, /^.*agent-quota.*\/bin\/agent-quota\n.*agent-quota.*\/wrap\/claude\n\d+\.\d+\.\d+\n$/);
    const environment = variables(await runIn(terminal, 'variables', 'env'));
    const home = environment.get('AGENT_QUOTA_HOME') ?? '';
    assert.ok(path.isAbsolute(environment.get('AGENT_QUOTA_SOCKET') ?? ''));
    const secret = readFileSync(path.join(home, 'launcher-secret'), 'utf8');
    assert.ok(![...environment.values()].some((value) => value.includes(secret)));
  });

  it('runs claude in a session that ends with it, and does not take one for its version', async () => {
    const env = { PATH: `${fakeClaude()}${path.delimiter}${process.env['PATH'] ?? ''}` };
    const terminal = vscode.window.createTerminal({ name: 'plain', env });
    const told = await runIn(terminal, 'wrapped', `claude -p 'say  "hi"'`);
    assert.ok(told.includes('[-p][say  "hi"]'), told);
    const environment = variables(told);
    assert.equal(environment.get('CLAUDE_AGENT_ID'), 'claude');
    assert.match(environment.get('ANTHROPIC_BASE_URL') ?? '', /^http:\/\/127\.0\.0\.1:\d+$/);
    assert.notEqual(environment.get('ANTHROPIC_API_KEY'), realKey());
    assert.ok(!environment.has('AGENT_QUOTA_HOME') && !environment.has('ELECTRON_RUN_AS_NODE'));
    await until('the session has ended', async () => (await liveSessions()).length === 0, 5000);
    const version = variables(await runIn(terminal, 'version', 'claude --version'));
    assert.ok(!version.has('CLAUDE_SESSION_ID'));
  });

  it('runs claude as it is where the user wants that, and agent-quota still takes a session', async () => {
    const env = { PATH: `${fakeClaude()}${path.delimiter}${process.env['PATH'] ?? ''}` };
    await set(settings.wrapClaude, false);
    const terminal = vscode.window.createTerminal({ name: 'plain', env });
    assert.ok(!variables(await runIn(terminal, 'unwrapped', 'claude')).has('CLAUDE_SESSION_ID'));
    const run = variables(await runIn(terminal, 'run', 'agent-quota run -- claude'));
    assert.equal(run.get('CLAUDE_AGENT_ID'), 'claude');
    await set(settings.wrapClaude, undefined);
    const wrapped = vscode.window.createTerminal({ name: 'plain', env });
    assert.ok(variables(await runIn(wrapped, 'wrapped again', 'claude')).has('CLAUDE_SESSION_ID'));
  });

  it('runs claude of an agent terminal in the terminal’s session, without a second slot', async () => {
    const known = new Set(vscode.window.terminals);
    await vscode.commands.executeCommand(commands.newAgentTerminal);
    const terminal = await until('it opens', () => vscode.window.terminals.find((one) => !known.has(one)));
    const session = await until('it has a session', async () => (await liveSessions())[0]);
    const inside = variables(
      await runIn(terminal, 'inside', `PATH="$PATH"; command -v claude; claude -p "say hi"; env`),
    );
    assert.equal(inside.get('CLAUDE_SESSION_ID'), session.sessionId);
    assert.ok(!inside.has('AGENT_QUOTA_HOME') && !inside.has('AGENT_QUOTA_AGENT'));
    const now = await liveSessions();
    assert.deepEqual([now.length, now[0]?.requests], [1, 1], 'the request was the terminal’s');
  });

  it('of an agent is integrated like the others: VS Code knows its directory and its commands', async () => {
    const known = new Set(vscode.window.terminals);
    await vscode.commands.executeCommand(commands.newAgentTerminal);
    const terminal = await until('it opens', () => vscode.window.terminals.find((one) => !known.has(one)));
    const integration = await until('its shell is integrated', () => terminal.shellIntegration);
    const ended = new Promise<number | undefined>((resolve) => {
      const subscription = vscode.window.onDidEndTerminalShellExecution((event) => {
        if (event.terminal !== terminal) return;
        subscription.dispose();
        resolve(event.exitCode);
      });
    });
    integration.executeCommand('cd / && false');
    assert.equal(await ended, 1);
    await until('its directory is known', () => terminal.shellIntegration?.cwd?.path === '/');
  });
});
