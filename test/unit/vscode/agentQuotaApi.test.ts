import assert from 'node:assert/strict';
import type { AgentAuth, QuotaEngine } from '../../../src/core/quotaEngine.ts';
import { createAgentQuotaApi, type AgentQuotaApi } from '../../../src/vscode/agentQuotaApi.ts';
import type { SettingsReader } from '../../../src/vscode/settingsReader.ts';
import type { SnapshotStore } from '../../../src/vscode/snapshotStore.ts';

describe('exported API', () => {
  const reason = { code: 'day-used-up', severity: 'warning', message: 'Used up.', nextStep: 'Wait.' } as const;
  let calls: unknown[];
  let refusals: unknown[];
  let api: AgentQuotaApi;

  beforeEach(() => {
    calls = [];
    refusals = [];
    const engine = {
      setupClaudeAgentAuth: (request: { agentId: string; process?: unknown }): Promise<AgentAuth> => {
        calls.push(request.process);
        return Promise.resolve({ kind: 'refused', agentId: request.agentId, reason });
      },
      attachProcess: (sessionId: string, process: unknown): Promise<void> => {
        calls.push([sessionId, process]);
        return Promise.resolve();
      },
    } as unknown as QuotaEngine;
    const identify = (pid: number): { pid: number; startMark: string } => ({ pid, startMark: 'then' });
    api = createAgentQuotaApi(
      engine,
      {} as unknown as SnapshotStore,
      {} as unknown as SettingsReader,
      identify,
      (refusal) => {
        refusals.push(refusal);
      },
    );
  });

  it('tells a process apart from a later one with the same number', async () => {
    await api.setupClaudeAgentAuth('a', { pid: 5 });
    await api.attachProcess('s', 6);
    assert.deepEqual(calls, [{ pid: 5, startMark: 'then' }, ['s', { pid: 6, startMark: 'then' }]]);
  });

  it('takes nothing for a process that is none, as the pid of a child that could not be started', async () => {
    for (const pid of [undefined, null, 0, -1, 1.5, NaN, '5']) {
      await assert.rejects(api.attachProcess('s', pid as number), /is no process id/);
    }
    assert.deepEqual(calls, []);
  });

  it('lets the window know why an agent got no session', async () => {
    await api.setupClaudeAgentAuth('a');
    assert.deepEqual(refusals, [reason]);
  });
});
