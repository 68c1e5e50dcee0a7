import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import * as vscode from 'vscode';
import { commands } from '../../src/contributions.ts';
import { SettingsReader } from '../../src/vscode/settingsReader.ts';
import { upstreamName } from '../host/extensionCopy.ts';
import { hostileNetwork } from '../host/testWorkspaces.ts';
import { agentQuota, ask, clearWindow, realKey, scratch, served, set, until } from './quotaWindow.ts';
import { problemCodes, startTlsUpstream, withUpstream } from './tlsUpstream.ts';

function workspaceSettings(): Record<string, unknown> {
  const [folder] = vscode.workspace.workspaceFolders ?? [];
  assert.ok(folder);
  const file = path.join(folder.uri.fsPath, '.vscode', 'settings.json');
  return JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
}

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

  it('has no say in how the upstream is reached', async () => {
    const upstream = await startTlsUpstream();
    try {
      // By its name it is not on this machine, where no proxy is ever asked.
      await withUpstream(`https://${upstreamName}:${upstream.port}`, async (url, token) => {
        assert.equal(await ask(url, token), 200);
        assert.ok(upstream.requests > 0);
        assert.deepEqual(await problemCodes(), []);

        for (const [id, value] of Object.entries(hostileNetwork)) await set(id, value);
        await until('as the user’s own, the same settings do lead elsewhere', async () => {
          const status = await ask(url, token);
          return status === 502 && (await problemCodes()).includes('certificates-unverified');
        });
        const { requests } = upstream;
        assert.notEqual(await ask(url, token), 200);
        assert.equal(upstream.requests, requests);
      });
    } finally {
      for (const id of Object.keys(hostileNetwork)) await set(id, undefined);
      upstream.close();
    }
  });

  // It passes none of them on, by the scope that they are declared with; so it is played here by one that does.
  it('would not be gone by even if VS Code passed its settings on', () => {
    const read = (): unknown => {
      const reader = new SettingsReader((problem) => {
        assert.fail(problem.message);
      });
      reader.dispose();
      return reader.current;
    };
    const users = read();
    const { getConfiguration } = vscode.workspace;
    const hostile = workspaceSettings();
    const passOn = (...scope: Parameters<typeof getConfiguration>): unknown => ({
      get: (id: string) => hostile[id],
      inspect: (id: string) => ({
        ...getConfiguration(...scope).inspect(id),
        workspaceValue: hostile[id],
        workspaceFolderValue: hostile[id],
      }),
    });
    Object.assign(vscode.workspace, { getConfiguration: passOn });
    try {
      assert.deepEqual(read(), users);
    } finally {
      Object.assign(vscode.workspace, { getConfiguration });
    }
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
