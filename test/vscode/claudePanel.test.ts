import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { chmodSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import * as vscode from 'vscode';
import { commands } from '../../src/contributions.ts';
import { hostDriver } from '../host/driverClient.ts';
import {
  agentQuota,
  behave,
  clearWindow,
  liveSessions,
  scratch,
  set,
  shownNotifications,
  until,
  userData,
} from './quotaWindow.ts';

const setting = 'claudeCode.claudeProcessWrapper';
const wrapper = (): unknown => vscode.workspace.getConfiguration().inspect(setting)?.globalValue;
const driver = hostDriver();

/** Every settings file of VS Code's, with its text. */
function settingsFiles(): Record<string, string> {
  const files = readdirSync(userData(), { recursive: true, encoding: 'utf8' })
    .filter((file) => path.basename(file) === 'settings.json')
    .map((file) => path.join(userData(), file));
  return Object.fromEntries(files.map((file) => [file, readFileSync(file, 'utf8')]));
}

/** Puts the panel under quota. @param answer presses a button of the question. */
async function putUnderQuota(): Promise<string> {
  await vscode.commands.executeCommand('notifications.showList');
  await driver.click('.notifications-center .monaco-button:has-text("Put Under Quota")');
  return until('the setting is ours', () => {
    const value = wrapper();
    return typeof value === 'string' && value.includes('.agent-quota') ? value : undefined;
  });
}

/** Starts Claude Code as the panel's extension does. @returns its output. */
async function startPanelAgent(program: string): Promise<string> {
  const claude = (process.env['PATH'] ?? '')
    .split(path.delimiter)
    .map((directory) => path.join(directory, 'claude'))
    .find((file) => existsSync(file));
  const child = spawn(program, [String(claude), '-p', 'say hi'], { cwd: scratch(), stdio: ['ignore', 'pipe', 'pipe'] });
  let printed = '';
  child.stdout.on('data', (data: Buffer) => (printed += data.toString()));
  child.stderr.on('data', (data: Buffer) => (printed += data.toString()));
  const code = await new Promise((resolve) => child.on('close', resolve));
  assert.equal(code, 0, printed);
  return printed;
}

describe("the panel of Claude Code's extension @panel", function () {
  this.timeout(60_000);
  let untouched: Record<string, string>;
  const own = path.join(scratch(), 'own wrapper');
  const started = path.join(scratch(), 'own wrapper has started');

  before(async function () {
    if (process.platform === 'win32') this.skip();
    await agentQuota();
    writeFileSync(own, `#!/bin/sh\ntouch '${started}'\nexec "$@"\n`);
    chmodSync(own, 0o700);
    await set(setting, own);
    // As a user writes it, wherever VS Code keeps this setting.
    const [file = '', text = ''] = Object.entries(settingsFiles()).find(([, each]) => each.includes(setting)) ?? [];
    writeFileSync(file, text.replace(`"${setting}":`, `// mine\n\t"${setting}" :   `));
    await new Promise((resolve) => setTimeout(resolve, 1000));
    assert.equal(wrapper(), own);
    untouched = settingsFiles();
  });
  after(clearWindow);

  it('is offered to be put under quota, with what is changed and how to undo it', async () => {
    const shown = await until('the question', async () => {
      const text = await shownNotifications();
      return text.includes("Put the agents of Claude Code's panel under quota?") ? text : undefined;
    });
    for (const part of [setting, "Take Claude Code's Panel Out of Quota"]) assert.ok(shown.includes(part), part);
    await driver.screenshot('panel-offered');
    assert.equal(wrapper(), own);
    assert.deepEqual(settingsFiles(), untouched, 'nothing is changed before the user has agreed');
  });

  it('starts its agents in sessions of their own, metered, until it is taken out again', async () => {
    const output = new Map<string, number>();
    const api = await agentQuota();
    const subscription = api.onDidChangeSessions((sessions) => {
      for (const { agentId, usage } of sessions) output.set(agentId, usage.outputTokens);
    });
    const program = await putUnderQuota();
    assert.ok(program.startsWith(path.join(homedir(), '.agent-quota')), program);
    // Long enough to be told of while it is under way: the process may end as soon as it has its answer.
    await behave({ faults: [{ kind: 'slow', betweenEventsMs: 200 }] });
    assert.notEqual((await startPanelAgent(program)).trim(), '');
    assert.ok(
      (output.get('claude-panel') ?? 0) > 0,
      `its session was told with what it uses: ${[...output].join(' ')}`,
    );
    await until('it has ended', async () => (await liveSessions()).length === 0);
    subscription.dispose();
    assert.ok(existsSync(started), 'the user’s own wrapper has started it');

    await vscode.commands.executeCommand(commands.undoPanel);
    assert.equal(wrapper(), own);
    assert.deepEqual(settingsFiles(), untouched, 'the files are the same again');
    assert.notEqual((await startPanelAgent(program)).trim(), '', 'an agent that was told of it still starts');
  });

  it('starts where the wrapper has lost the extension', async () => {
    const program = path.join(homedir(), '.agent-quota', readdirSync(path.join(homedir(), '.agent-quota'))[0] ?? '');
    const file = path.join(program, 'claude-panel-wrapper');
    const text = readFileSync(file, 'utf8');
    writeFileSync(file, text.replace(/^launcher=.*$/m, "launcher='/gone'").replace(/^node=.*$/m, "node='/gone'"));
    assert.notEqual((await startPanelAgent(file)).trim(), '');
    writeFileSync(file, text);
  });

  it('has nothing to undo where the user has set something else since', async () => {
    await set(setting, '/opt/later');
    await vscode.commands.executeCommand(commands.undoPanel);
    assert.equal(wrapper(), '/opt/later');
    await set(setting, undefined);
  });
});
