import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import * as vscode from 'vscode';
import { settings } from '../../src/contributions.ts';
import { hostDriver } from '../host/driverClient.ts';
import {
  agentQuota,
  clearWindow,
  liveSessions,
  realKey,
  scratch,
  served,
  set,
  shownNotifications,
  terminalsAreWrittenDown,
  terminalText,
  tokensBetween,
  until,
} from './quotaWindow.ts';

async function findTask(name: string): Promise<vscode.Task> {
  return until(`the task ${name} is there`, async () =>
    (await vscode.tasks.fetchTasks({ type: 'claude-agent' })).find((candidate) => candidate.name === name),
  );
}

/** Runs a task of the workspace's tasks.json. @returns its exit code. */
async function runTask(name: string): Promise<number | undefined> {
  const task = await findTask(name);
  const ended = new Promise<number | undefined>((resolve) => {
    const subscription = vscode.tasks.onDidEndTaskProcess((event) => {
      if (event.execution.task.name !== name) return;
      subscription.dispose();
      resolve(event.exitCode);
    });
  });
  await vscode.tasks.executeTask(task);
  return ended;
}

describe('a task of type claude-agent', function () {
  this.timeout(60_000);
  after(clearWindow);

  it('runs the real CLI under a session of its own, which ends with the task', async () => {
    await clearWindow();
    const api = await agentQuota();
    const before = await served();
    const seen: string[] = [];
    const subscription = api.onDidChangeSessions((sessions) => {
      for (const { agentId } of sessions) if (!seen.includes(agentId)) seen.push(agentId);
    });
    assert.equal(await runTask('say hi'), 0);
    await until('the session has ended', async () => (await liveSessions()).length === 0, 5000);
    subscription.dispose();
    assert.deepEqual(seen, ['greeter']);
    const used = tokensBetween(before, await served());
    assert.ok(used.outputTokens > 0, 'the upstream was asked');
  });

  it('gives the agent the overlay, and none of our own control variables', async () => {
    assert.equal(await runTask('write environment'), 0);
    const file = path.join(scratch(), 'task environment.json');
    assert.ok(existsSync(file));
    const environment = JSON.parse(readFileSync(file, 'utf8')) as Record<string, string>;
    assert.equal(environment['CLAUDE_AGENT_ID'], 'writer');
    assert.match(environment['ANTHROPIC_BASE_URL'] ?? '', /^http:\/\/127\.0\.0\.1:/);
    assert.notEqual(environment['ANTHROPIC_API_KEY'], realKey());
    const ours = Object.keys(environment).filter(
      (name) => name === 'AGENT_QUOTA_SOCKET' || name === 'AGENT_QUOTA_HOME' || name === 'ELECTRON_RUN_AS_NODE',
    );
    assert.deepEqual(ours, []);
  });

  it('ends with the exit code of its command', async () => {
    assert.equal(await runTask('fail with 3'), 3);
    await until('the session has ended', async () => (await liveSessions()).length === 0, 5000);
  });

  it('waits in line when the slots are taken, one behind the other, or not at all', async () => {
    await set(settings.apiKeyConcurrentAgents, 1);
    await until('there is one slot', async () => {
      const { limits } = await (await agentQuota()).quotaStatus();
      return limits.find(({ dimension }) => dimension === 'slots')?.limit === 1;
    });
    try {
      const both = Promise.all([runTask('one at a time'), runTask('the other at a time')]);
      await until('one of them runs', async () => (await liveSessions()).length === 1);
      assert.equal(await runTask('does not wait'), 75);
      writeFileSync(path.join(scratch(), 'both may end'), '');
      assert.deepEqual(await both, [0, 0]);
    } finally {
      await set(settings.apiKeyConcurrentAgents, undefined);
    }
  });

  it('comes after those that it depends on, and after a background task once its agent runs', async () => {
    assert.equal(await runTask('after the others'), 0);
    // The background agent has been started before the last one, and may still take longer to write its line.
    const lines = await until('all three have run', () => {
      const written = readFileSync(path.join(scratch(), 'order'), 'utf8').trim().split('\n');
      return written.length === 3 ? written : undefined;
    });
    assert.equal(lines[0], 'first', lines.join());
    assert.deepEqual(lines.toSorted(), ['background', 'first', 'last']);
    // Those that have ended may be counted a moment longer.
    const running = (): string => vscode.tasks.taskExecutions.map(({ task }) => task.name).join();
    await until('only the background task runs', () => running() === 'in the background');
    const agents = async (): Promise<string> => (await liveSessions()).map(({ agentId }) => agentId).join();
    await until('only its session is left', async () => (await agents()) === 'background');
    vscode.tasks.taskExecutions[0]?.terminate();
    await until('its session has ended', async () => (await liveSessions()).length === 0, 5000);
  });

  it('that cannot run says so when it is started, with 64, and not when tasks are listed', async () => {
    await vscode.commands.executeCommand('notifications.clearAll');
    for (const [name, what, nextStep] of [
      ['nameless', /its "agent" is missing or wrong/, /Give it an "agent" of 1 to 64 letters/],
      ['negative wait', /its "wait" is missing or wrong/, /Give it a "wait" that is true, false or a number/],
    ] as const) {
      await findTask(name);
      assert.doesNotMatch(await shownNotifications(), /cannot run/);
      assert.equal(await runTask(name), 64);
      const said = await until('the terminal says it', async () => {
        const text = await terminalText();
        return what.test(text) && nextStep.test(text) ? text : undefined;
      });
      assert.match(said, new RegExp(`agent-quota: The task "${name}" cannot run`));
    }
    await hostDriver().screenshot('task-that-cannot-run');
    assert.equal((await liveSessions()).length, 0);
    assert.doesNotMatch(await shownNotifications(), /cannot run/);
  });
});

const endsTheHolder = (): string => path.join(scratch(), 'holder may end');
const waiterEnvironment = (): string => path.join(scratch(), 'waiter environment.json');
const holderNote = (): string => path.join(scratch(), 'holder.json');

async function oneWaits(): Promise<void> {
  await until(
    'one agent waits',
    async () => {
      const bar = await hostDriver().evaluate(`document.querySelector('.statusbar')?.innerText ?? ''`);
      return String(bar).includes('1/1 agents +1');
    },
    30_000,
  );
}

describe('tasks when the window is reloaded', function () {
  this.timeout(90_000);

  it('run and wait in line before it @tasks-run', async () => {
    await clearWindow();
    await set(settings.apiKeyConcurrentAgents, 1);
    await vscode.tasks.executeTask(await findTask('hold the slot'));
    const holder = await until('one runs', async () => (await liveSessions())[0]);
    await vscode.tasks.executeTask(await findTask('wait for the slot'));
    await oneWaits();
    await terminalsAreWrittenDown();
    writeFileSync(holderNote(), JSON.stringify(holder.sessionId));
    await hostDriver().reload({ name: 'after a reload with tasks', grep: '@tasks-survive' });
  });

  it('go on after it: the one that runs keeps its session, and the other gets its slot in turn @tasks-survive', async () => {
    const sessionId: unknown = JSON.parse(readFileSync(holderNote(), 'utf8'));
    await until('the session is there', async () => (await liveSessions())[0]?.sessionId === sessionId);
    await oneWaits();
    await hostDriver().screenshot('waiting-after-reload');
    assert.ok(!existsSync(waiterEnvironment()), 'the agent that waits has not been started');
    writeFileSync(endsTheHolder(), '');
    await until('the other has run', () => existsSync(waiterEnvironment()));
    const environment = JSON.parse(readFileSync(waiterEnvironment(), 'utf8')) as Record<string, string>;
    assert.equal(environment['CLAUDE_AGENT_ID'], 'waiter');
    assert.match(environment['ANTHROPIC_BASE_URL'] ?? '', /^http:\/\/127\.0\.0\.1:/);
    assert.notEqual(environment['ANTHROPIC_API_KEY'], realKey());
    await until('both have ended', async () => (await liveSessions()).length === 0);
    await set(settings.apiKeyConcurrentAgents, undefined);
  });
});
