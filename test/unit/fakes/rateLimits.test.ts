import assert from 'node:assert/strict';

import Anthropic from '@anthropic-ai/sdk';

import { type SimulatedUpstream, startSimulatedUpstream } from '../../fakes/simulatedUpstream.ts';
import type { UpstreamBehaviour } from '../../fakes/upstreamBehaviour.ts';

const PROMPT = {
  model: 'claude-opus-5-5',
  max_tokens: 100,
  messages: [{ role: 'user' as const, content: 'Say hi.' }],
};

describe('simulated upstream under limits', () => {
  let upstream: SimulatedUpstream;
  let clock = 0;

  async function start(behaviour: Partial<UpstreamBehaviour>): Promise<void> {
    clock = Date.parse('2026-01-01T00:00:00.500Z');
    upstream = await startSimulatedUpstream({ behaviour, now: () => clock });
  }

  function clientOf(apiKey: string): Anthropic {
    return new Anthropic({ baseURL: upstream.url, apiKey, maxRetries: 0 });
  }

  async function refusal(promise: PromiseLike<unknown>): Promise<InstanceType<typeof Anthropic.APIError>> {
    try {
      await promise;
    } catch (error) {
      assert.ok(error instanceof Anthropic.APIError);
      return error;
    }
    assert.fail('The request was answered.');
  }

  afterEach(async () => {
    await upstream.close();
  });

  it('limits requests of all keys together and says when to come back', async () => {
    await start({ limits: { requestsPerMinute: 2 } });
    const first = await clientOf('key-a').messages.create(PROMPT).asResponse();
    assert.equal(first.headers.get('anthropic-ratelimit-requests-limit'), '2');
    assert.equal(first.headers.get('anthropic-ratelimit-requests-remaining'), '1');
    assert.equal(first.headers.get('anthropic-ratelimit-requests-reset'), '2026-01-01T00:00:31Z');
    await clientOf('key-b').messages.create(PROMPT);
    clock += 500;
    const error = await refusal(clientOf('key-a').messages.create(PROMPT));
    assert.ok(error instanceof Anthropic.RateLimitError);
    assert.equal(error.headers.get('retry-after'), '30');
    assert.equal(error.headers.get('anthropic-ratelimit-requests-remaining'), '0');
    assert.match(error.message, /rate limit of 2 requests per minute/);
    assert.equal(upstream.served().byKey['key-a']?.answered429, 1);
    assert.equal(upstream.served().total.requests, 3);
    clock += 29_500;
    await clientOf('key-a').messages.create(PROMPT);
  });

  it('limits input without cache reads, and charges nothing for what it refuses', async () => {
    await start({ limits: { inputTokensPerMinute: 1200 } });
    const client = clientOf('key-a');
    const cached = {
      ...PROMPT,
      system: [{ type: 'text' as const, text: 'a'.repeat(4000), cache_control: { type: 'ephemeral' as const } }],
    };
    const { usage } = await client.messages.create(cached);
    assert.ok(
      (await refusal(client.messages.create({ ...cached, model: 'other' }))) instanceof Anthropic.RateLimitError,
    );
    const again = await client.messages.create(cached).withResponse();
    assert.equal(again.data.usage.cache_read_input_tokens, usage.cache_creation_input_tokens);
    const charged = usage.input_tokens * 2 + (usage.cache_creation_input_tokens ?? 0);
    assert.equal(again.response.headers.get('anthropic-ratelimit-input-tokens-remaining'), String(1200 - charged));
  });

  it('refuses output only once the bucket is empty, and lets it be overdrawn', async () => {
    await start({ limits: { outputTokensPerMinute: 60 }, outputTokens: 70 });
    const client = clientOf('key-a');
    await client.messages.stream(PROMPT).finalMessage();
    assert.equal((await refusal(client.messages.create(PROMPT))).headers?.get('retry-after'), '11');
    clock += 11_000;
    await client.messages.create(PROMPT);
  });

  it('limits tokens of both sides together', async () => {
    await start({ limits: { tokensPerMinute: 120 }, outputTokens: 50 });
    const client = clientOf('key-a');
    const { usage } = await client.messages.create(PROMPT);
    const rest = 120 - usage.input_tokens - 50;
    const error = await refusal(client.messages.create({ ...PROMPT, system: 'x'.repeat(4 * rest) }));
    assert.equal(error.headers?.get('anthropic-ratelimit-tokens-remaining'), String(rest));
  });

  it('fills the buckets when limits are switched', async () => {
    await start({ limits: { requestsPerMinute: 1 } });
    const client = clientOf('key-a');
    await client.messages.create(PROMPT);
    await refusal(client.messages.create(PROMPT));
    upstream.behave({ limits: {} });
    await client.messages.create(PROMPT);
  });

  it('knows its keys', async () => {
    await start({ acceptedKeys: ['key-a', 'token-a'] });
    await clientOf('key-a').messages.create(PROMPT);
    await new Anthropic({ baseURL: upstream.url, apiKey: null, authToken: 'token-a' }).messages.create(PROMPT);
    // This SDK sends its API key as a bearer token; Claude Code and older SDKs send `x-api-key`.
    const error = await refusal(clientOf('key-b').messages.create(PROMPT));
    assert.ok(error instanceof Anthropic.AuthenticationError);
    assert.match(error.message, /authentication_error.*Invalid bearer token/);
    const refused = await fetch(`${upstream.url}/v1/messages`, { method: 'POST', headers: { 'x-api-key': 'key-c' } });
    assert.match(await refused.text(), /"authentication_error","message":"invalid x-api-key"/);
    assert.equal(upstream.served().byKey['key-b']?.answered401, 1);
    const missing = await fetch(`${upstream.url}/v1/messages`, { method: 'POST', body: '{}' });
    assert.equal(missing.status, 401);
    assert.equal(upstream.served().byKey['']?.answered401, 1);
    assert.equal(upstream.served().byKey['token-a']?.requests, 1);
  });

  it('sends the plan windows of subscription logins', async () => {
    await start({
      unified: {
        fiveHour: { utilization: 0.235, resetsAt: 1_767_225_600, status: 'allowed' },
        sevenDay: { utilization: 0.9, resetsAt: 1_767_825_600, status: 'allowed_warning' },
      },
    });
    const { headers } = await clientOf('key-a').messages.create(PROMPT).asResponse();
    assert.equal(headers.get('anthropic-ratelimit-unified-5h-utilization'), '0.235');
    assert.equal(headers.get('anthropic-ratelimit-unified-7d-reset'), '1767825600');
    assert.equal(headers.get('anthropic-ratelimit-unified-status'), 'allowed_warning');
    assert.equal(headers.get('anthropic-ratelimit-unified-representative-claim'), 'seven_day');
  });
});
