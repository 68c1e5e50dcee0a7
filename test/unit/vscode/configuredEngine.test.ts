import assert from 'node:assert/strict';
import type { QuotaEngine } from '../../../src/core/quotaEngine.ts';
import { configuredEngine } from '../../../src/vscode/configuredEngine.ts';

describe('engine for what starts agents', () => {
  it('is asked for sessions only once it knows the credentials, and for the rest at once', async () => {
    const calls: string[] = [];
    const call =
      (name: string) =>
      (...args: unknown[]): Promise<never> => {
        calls.push([name, ...args.map((argument) => JSON.stringify(argument))].join(' '));
        return Promise.resolve(undefined as never);
      };
    const engine = {
      setupClaudeAgentAuth: call('setup'),
      giveUp: call('giveUp'),
      launcherEndpoint: call('launcherEndpoint'),
      snapshot: call('snapshot'),
    } as unknown as QuotaEngine;
    const told = Promise.withResolvers<undefined>();
    const configured = configuredEngine(engine, () => told.promise);
    const answers = [
      configured.setupClaudeAgentAuth({ ticket: 't', agentId: 'a' }),
      configured.giveUp('t'),
      configured.launcherEndpoint(),
      configured.snapshot(),
    ];
    await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(calls, ['snapshot']);
    told.resolve(undefined);
    await Promise.all(answers);
    assert.deepEqual(calls.slice(1), ['setup {"ticket":"t","agentId":"a"}', 'giveUp "t"', 'launcherEndpoint']);
  });
});
