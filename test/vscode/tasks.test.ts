import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import * as vscode from 'vscode';
import {
  agentQuota,
  clearWindow,
  liveSessions,
  realKey,
  scratch,
  served,
  tokensBetween,
  until,
} from './quotaWindow.ts';

/** Runs a task of the workspace's tasks.json. @returns its exit code. */
async function runTask(name: string): Promise<number | undefined> {
  const task = await until(`the task ${name} is there`, async () =>
    (await vscode.tasks.fetchTasks({ type: 'claude-agent' })).find((candidate) => candidate.name === name),
  );
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
      (name) => name.startsWith('AGENT_QUOTA_SOCKET') || name === 'ELECTRON_RUN_AS_NODE',
    );
    assert.deepEqual(ours, []);
  });

  it('ends with the exit code of its command', async () => {
    assert.equal(await runTask('fail with 3'), 3);
    await until('the session has ended', async () => (await liveSessions()).length === 0, 5000);
  });
});
