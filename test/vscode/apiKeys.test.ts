import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import * as vscode from 'vscode';
import { commands, settings } from '../../src/contributions.ts';
import { hostDriver } from '../host/driverClient.ts';
import {
  agentQuota,
  ask,
  behave,
  clearWindow,
  everythingOnDisk,
  realKey,
  scratch,
  set,
  shownNotifications,
  until,
  withEnvironment,
  typeIntoQuestion,
} from './quotaWindow.ts';

const windowKey = 'sk-ant-api03-the-key-of-one-window-WINDOWKEY';
const printedKeys = ['sk-ant-api03-the-first-printed-key-PRINTED1', 'sk-ant-api03-the-second-printed-key-PRINTED2'];
const accepted = (...keys: string[]): Promise<void> => behave({ acceptedKeys: keys });

const driver = hostDriver();

/** Opens the question for a key and waits until it takes what is typed. */
async function openQuestion(): Promise<void> {
  void vscode.commands.executeCommand(commands.setApiKey);
  await until('the question', async () => (await question()).includes('Kept in memory only'));
}

const question = async (): Promise<string> =>
  String(await driver.evaluate(`document.querySelector('.quick-input-widget')?.innerText ?? ''`));

async function setWindowKey(key: string): Promise<void> {
  await openQuestion();
  await typeIntoQuestion(key);
  await driver.press('Enter');
}

interface Agent {
  readonly ask: () => Promise<number>;
  readonly planId: () => Promise<string | undefined>;
}

async function startAgent(name: string): Promise<Agent> {
  const api = await agentQuota();
  const auth = await api.setupClaudeAgentAuth(name);
  assert.equal(auth.kind, 'authenticated');
  const { ANTHROPIC_BASE_URL: url, ANTHROPIC_API_KEY: token } = auth.overlay;
  return {
    ask: () => ask(url ?? '', token ?? ''),
    planId: async () => (await api.getActiveAgents()).find(({ agentId }) => agentId === name)?.planId,
  };
}

describe('an API key', function () {
  this.timeout(90_000);

  afterEach(async () => {
    await vscode.commands.executeCommand(commands.forgetApiKey);
    await set(settings.apiKeyCommand, undefined);
    await accepted(realKey());
    await clearWindow();
    await vscode.commands.executeCommand('notifications.clearAll');
  });

  it('of this window serves agents that run, is asked for unseen, and is forgotten', async () => {
    await accepted(realKey());
    const agent = await startAgent('runner');
    assert.equal(await agent.ask(), 200);
    const plan = await agent.planId();

    await openQuestion();
    await driver.press('Enter');
    assert.match(await until('no key', async () => /This is empty/.exec(await question())?.[0]), /empty/);
    await driver.type('two words');
    await until('no spaces', async () => (await question()).includes('has a space'));
    await driver.press('Control+A');
    await driver.type('an-unusual-key');
    await until('a hint', async () => (await question()).includes('does not look like a key of Anthropic’s'));
    await driver.screenshot('set-api-key');
    const shown = await driver.evaluate(`document.querySelector('.quick-input-widget input').type`);
    assert.equal(shown, 'password');
    await driver.press('Control+A');
    await accepted(windowKey);
    await driver.type(windowKey);
    await driver.press('Enter');
    await until('it is tested', async () =>
      (await shownNotifications()).includes('Set API Key for This Window" works'),
    );
    assert.equal(await agent.ask(), 200, 'the upstream takes no other key now');
    await until('the session is another plan’s', async () => (await agent.planId()) !== plan);

    await vscode.commands.executeCommand(commands.forgetApiKey);
    await until('the environment’s key is back', async () => (await agent.ask()) === 401);
    await accepted(realKey());
    assert.equal(await agent.ask(), 200);
    await until('the session is the old plan’s', async () => (await agent.planId()) === plan);
  });

  it('of a command is fetched again after a rejection, and failures are told with the reason', async () => {
    const file = path.join(scratch(), 'printed key');
    const runs = path.join(scratch(), 'runs of the command');
    writeFileSync(file, printedKeys[0] ?? '');
    const script =
      `const fs = require('fs'); fs.appendFileSync(${JSON.stringify(runs)}, 'x');` +
      `console.log(fs.readFileSync(${JSON.stringify(file)}, 'utf8'))`;
    const program = path.join(scratch(), 'print key.cjs');
    writeFileSync(program, script);
    await accepted(printedKeys[0] ?? '');
    await set(settings.apiKeyCommand, `node "${program}"`);
    await until('it has been run', () => existsSync(runs));
    const agent = await until('an agent with the key', async () => {
      const started = await startAgent('runner').catch(() => undefined);
      if (started !== undefined && (await started.ask()) === 200) return started;
      await (await agentQuota()).releaseAgentAuth('runner');
      return undefined;
    });
    const plan = await agent.planId();

    writeFileSync(file, printedKeys[1] ?? '');
    await accepted(printedKeys[1] ?? '');
    const before = readFileSync(runs, 'utf8').length;
    assert.equal(await agent.ask(), 401, 'it is answered as it is');
    await until('the next has the new key', async () => (await agent.ask()) === 200, 30_000);
    assert.equal(readFileSync(runs, 'utf8').length, before + 1);
    assert.equal(await agent.planId(), plan, 'it is the same account');

    writeFileSync(program, `console.error('vault: sealed for ' + ${JSON.stringify(windowKey)}); process.exit(7)`);
    await set(settings.apiKeyCommand, `node  "${program}"`);
    const api = await agentQuota();
    const failure = await until('the failure is known', async () =>
      (await api.checkAuthHealth()).problems.find(({ code }) => code === 'key-command-failed'),
    );
    assert.equal(
      failure.message,
      'The command of agentQuota.apiKeyCommand ended with exit code 7: vault: sealed for […].',
    );
    const auth = await api.setupClaudeAgentAuth('late');
    assert.equal(auth.kind, 'unauthenticated');
    await driver.screenshot('key-command-failed');
    assert.equal(holding([...printedKeys, windowKey]).length, 0, holding([...printedKeys, windowKey]).join());
  });

  it('is offered to be set where there are no credentials', async () => {
    await withEnvironment({ ANTHROPIC_API_KEY: undefined, CLAUDE_API_KEY: undefined }, async () => {
      await accepted(windowKey);
      const auth = await (await agentQuota()).setupClaudeAgentAuth('keyless');
      assert.equal(auth.kind, 'unauthenticated');
      await vscode.commands.executeCommand('notifications.showList');
      await driver.click('.notifications-center .monaco-button:has-text("Set API Key")');
      await until('the question', async () => (await question()).includes('Kept in memory only'));
      await driver.type(windowKey);
      await driver.press('Enter');
      await until('it works', async () => (await shownNotifications()).includes('Set API Key for This Window" works'));
      const agent = await startAgent('keyed');
      assert.equal(await agent.ask(), 200);
      await vscode.commands.executeCommand(commands.forgetApiKey);
    });
  });

  it('that a user gave is in no file, setting, notification or log', async () => {
    await accepted(windowKey);
    await setWindowKey(windowKey);
    await until('it works', async () => (await shownNotifications()).includes('Set API Key for This Window" works'));
    await accepted(realKey());
    await vscode.commands.executeCommand(commands.testAuthentication);
    await until('it is rejected', async () =>
      (await shownNotifications()).includes('rejected the key from "Set API Key'),
    );
    assert.ok(!(await shownNotifications()).includes(windowKey));
    const configuration = vscode.workspace.getConfiguration('agentQuota');
    assert.ok(!JSON.stringify(configuration).includes(windowKey));
    assert.deepEqual(holding([windowKey, realKey()]), []);
  });
});

function holding(secrets: readonly string[]): string[] {
  return everythingOnDisk().flatMap(({ file, content }) =>
    secrets.filter((secret) => content.includes(secret)).map((secret) => `${secret} in ${file}`),
  );
}
