import assert from 'node:assert/strict';

import Anthropic from '@anthropic-ai/sdk';

import { startSimulatedUpstreamProcess } from '../../fakes/simulatedUpstreamProcess.ts';

const PROMPT = {
  model: 'claude-opus-5-5',
  max_tokens: 100,
  messages: [{ role: 'user' as const, content: 'Say hi.' }],
};

describe('simulated upstream as a process', () => {
  it('serves, is switched and tells what it served, until its input closes', async () => {
    const upstream = await startSimulatedUpstreamProcess({ pathPrefix: '/up', behaviour: { outputTokens: 5 } });
    try {
      const client = new Anthropic({ baseURL: upstream.url, apiKey: 'key-a', maxRetries: 0 });
      assert.equal((await client.messages.create(PROMPT)).usage.output_tokens, 5);
      await upstream.behave({ faults: [{ kind: 'status', status: 401 }], outputTokens: 6 });
      await assert.rejects(client.messages.create(PROMPT), Anthropic.AuthenticationError);
      assert.equal((await client.messages.create(PROMPT)).usage.output_tokens, 6);
      assert.equal((await upstream.served()).byKey['key-a']?.outputTokens, 11);
      const { origin } = new URL(upstream.url);
      const requests = (await (await fetch(`${origin}/_simulated/requests`)).json()) as { status: number }[];
      assert.deepEqual(
        requests.map(({ status }) => status),
        [200, 401, 200],
      );
    } finally {
      await upstream.close();
    }
  });

  it('stops on SIGTERM', async () => {
    const upstream = await startSimulatedUpstreamProcess();
    process.kill(upstream.pid, 'SIGTERM');
    await upstream.close();
    await assert.rejects(fetch(upstream.url));
  });

  it('names what is wrong with a behaviour', async () => {
    const upstream = await startSimulatedUpstreamProcess();
    try {
      const send = async (change: object) =>
        upstream.behave(change).then(
          () => 'accepted',
          (error: unknown) => String(error),
        );
      assert.match(await send({ outputToken: 5 }), /behaviour\.outputToken is not known/);
      assert.match(await send({ faults: [{ kind: 'status', status: 418 }] }), /behaviour\.faults\[0\]\.status must be/);
      assert.equal(await send({ faults: [{ kind: 'slow', times: 'untilCleared' }], toolUse: null }), 'accepted');
    } finally {
      await upstream.close();
    }
  });
});
