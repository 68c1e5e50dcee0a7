import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import path from 'node:path';
import * as vscode from 'vscode';
import { agentQuota, behave, clearWindow, liveSessions, until } from './quotaWindow.ts';

const blockMs = 5000;
/** The stream takes longer than the block. */
const events = 400;
const betweenEventsMs = 20;

describe('while another extension blocks the extension host for 5 seconds', function () {
  this.timeout(60_000);
  after(async () => {
    await behave({ delays: { beforeHeadersMs: 0, betweenEventsMs: 0 }, deltaEvents: 3, outputTokens: 12 });
    await clearWindow();
  });

  it('the stream through the gateway does not pause, and the screen catches up', async () => {
    const extension = vscode.extensions.getExtension('agent-quota-tests.blocking-extension');
    await extension?.activate();
    await behave({ delays: { beforeHeadersMs: 0, betweenEventsMs }, deltaEvents: events, outputTokens: 1000 });
    const api = await agentQuota();
    const auth = await api.setupClaudeAgentAuth('streamer');
    assert.equal(auth.kind, 'authenticated');
    const folder = vscode.workspace.workspaceFolders?.[0]?.uri.fsPath ?? '';
    const agent = spawn(process.execPath, [path.join(folder, 'streamingAgent.cjs')], {
      env: { PATH: process.env['PATH'], ...(auth.overlay as Record<string, string>) },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let printed = '';
    agent.stdout.on('data', (chunk: Buffer) => (printed += chunk.toString()));
    const exited = new Promise((resolve) => agent.on('close', resolve));
    await new Promise((resolve) => agent.stderr.once('data', resolve));

    const blockedAt = Date.now();
    await vscode.commands.executeCommand('blockingExtension.block', blockMs);
    const blockedForMs = Date.now() - blockedAt;
    assert.ok(blockedForMs >= blockMs);
    assert.equal(printed, '', 'the stream was still going on when the block ended');
    await exited;

    const { status, gaps } = JSON.parse(printed) as { status: number; gaps: number[] };
    assert.equal(status, 200);
    assert.ok(gaps.length > events / 2, `${gaps.length} gaps`);
    const longest = Math.max(...gaps);
    console.log(`longest gap ${longest.toFixed(1)} ms of ${gaps.length}, host blocked for ${blockedForMs} ms`);
    // What is left is the machine's own; without a worker it would be as long as the block.
    assert.ok(longest < blockedForMs / 4, `the longest gap was ${longest} ms`);
    await until('the session shows what it used', async () => (await liveSessions())[0]?.usage.outputTokens === 1000);
  });
});
