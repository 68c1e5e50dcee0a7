import assert from 'node:assert/strict';

import Anthropic from '@anthropic-ai/sdk';

import { type SimulatedUpstream, startSimulatedUpstream } from '../../fakes/simulatedUpstream.ts';
import type { UpstreamBehaviour } from '../../fakes/upstreamBehaviour.ts';

const PROMPT = {
  model: 'claude-opus-5-5',
  max_tokens: 100,
  messages: [{ role: 'user' as const, content: 'Say hi.' }],
};

describe('simulated upstream', () => {
  let upstream: SimulatedUpstream;
  let client: Anthropic;

  async function start(behaviour: Partial<UpstreamBehaviour> = {}): Promise<void> {
    upstream = await startSimulatedUpstream({ pathPrefix: '/any/prefix', behaviour, keepBodies: true });
    client = new Anthropic({ baseURL: upstream.url, apiKey: 'key-a', maxRetries: 0 });
  }

  afterEach(async () => {
    await upstream.close();
  });

  it('answers JSON whose usage is what it counts', async () => {
    await start();
    const { data, response } = await client.messages.create(PROMPT).withResponse();
    const [request] = upstream.requests;
    assert.deepEqual(data.content, [{ type: 'text', text: 'Hello from the simulated upstream.' }]);
    assert.equal(data.stop_reason, 'end_turn');
    assert.equal(data.usage.input_tokens, Math.ceil((request?.bodyBytes ?? 0) / 4));
    assert.equal(data.usage.output_tokens, 12);
    assert.equal(response.headers.get('request-id'), request?.requestId);
    assert.match(request?.requestId ?? '', /^req_01[0-9a-f]{22}$/);
    assert.ok(response.headers.get('anthropic-organization-id'));
    assert.equal(request?.status, 200);
    assert.equal(request.path, '/any/prefix/v1/messages');
    assert.equal(request.aborted, false);
    assert.equal(request.body?.length, request.bodyBytes);
    assert.deepEqual(upstream.served().byKey['key-a'], {
      requests: 1,
      answered429: 0,
      answered401: 0,
      faults: 0,
      inputTokens: data.usage.input_tokens,
      cacheCreation5mTokens: 0,
      cacheCreation1hTokens: 0,
      cacheReadTokens: 0,
      outputTokens: 12,
    });
  });

  it('streams what the SDK assembles to the same message', async () => {
    await start({ deltaEvents: 7, messageDeltas: 3, outputTokens: 40 });
    const stream = client.messages.stream(PROMPT);
    const names: string[] = [];
    stream.on('streamEvent', ({ type }) => names.push(type));
    const message = await stream.finalMessage();
    assert.deepEqual(message.content, [{ type: 'text', text: 'Hello from the simulated upstream.' }]);
    assert.equal(message.usage.output_tokens, 40);
    assert.equal(names.filter((name) => name === 'content_block_delta').length, 7);
    assert.equal(names.filter((name) => name === 'message_delta').length, 3);
    const { total } = upstream.served();
    assert.equal(total.inputTokens, message.usage.input_tokens);
    assert.equal(total.outputTokens, 40);
  });

  it('sends the events of the protocol in their order', async () => {
    await start({ deltaEvents: 1 });
    const response = await fetch(`${upstream.url}/v1/messages?beta=true`, {
      method: 'POST',
      headers: { authorization: 'Bearer key-b', 'anthropic-version': '2023-06-01' },
      body: JSON.stringify({ ...PROMPT, stream: true }),
    });
    assert.equal(response.headers.get('content-type'), 'text/event-stream; charset=utf-8');
    const text = await response.text();
    assert.deepEqual(
      [...text.matchAll(/^event: (.*)$/gm)].map(([, name]) => name),
      [
        'message_start',
        'content_block_start',
        'ping',
        'content_block_delta',
        'content_block_stop',
        'message_delta',
        'message_stop',
      ],
    );
    assert.equal(upstream.served().byKey['key-b']?.requests, 1);
  });

  it('never puts out more than max_tokens', async () => {
    await start({ outputTokens: 1000 });
    const message = await client.messages.create({ ...PROMPT, max_tokens: 5 });
    assert.equal(message.usage.output_tokens, 5);
    assert.equal(message.stop_reason, 'max_tokens');
  });

  it('thinks and calls a tool once, in JSON as in a stream', async () => {
    await start({ thinking: true, toolUse: { name: 'look', input: { at: 'the sky' } } });
    const tools = [{ name: 'look', input_schema: { type: 'object' as const } }];
    const whole = await client.messages.create({ ...PROMPT, tools });
    const streamed = await client.messages.stream({ ...PROMPT, tools }).finalMessage();
    for (const { content, stop_reason: stopReason } of [whole, streamed]) {
      assert.deepEqual(
        content.map(({ type }) => type),
        ['thinking', 'text', 'tool_use'],
      );
      assert.equal(stopReason, 'tool_use');
      const call = content.find((block) => block.type === 'tool_use');
      assert.deepEqual(call?.input, { at: 'the sky' });
    }
    const next = await client.messages.create({
      ...PROMPT,
      tools,
      messages: [
        ...PROMPT.messages,
        { role: 'assistant', content: whole.content },
        { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'toolu_01', content: 'blue' }] },
      ],
    });
    assert.equal(next.stop_reason, 'end_turn');
  });

  it('creates a cached prefix once and reads it afterwards, per key', async () => {
    await start();
    const system = [
      {
        type: 'text' as const,
        text: 'a'.repeat(4000),
        cache_control: { type: 'ephemeral' as const, ttl: '1h' as const },
      },
      { type: 'text' as const, text: 'b'.repeat(400), cache_control: { type: 'ephemeral' as const } },
    ];
    const first = await client.messages.create({ ...PROMPT, system });
    const second = await client.messages.stream({ ...PROMPT, system }).finalMessage();
    const other = await client.withOptions({ apiKey: 'key-b' }).messages.create({ ...PROMPT, system });
    const created = first.usage.cache_creation_input_tokens ?? 0;
    assert.ok((first.usage.cache_creation?.ephemeral_1h_input_tokens ?? 0) > 1000);
    assert.ok((first.usage.cache_creation?.ephemeral_5m_input_tokens ?? 0) > 100);
    assert.equal(first.usage.cache_read_input_tokens, 0);
    assert.ok(first.usage.input_tokens > 0);
    assert.equal(second.usage.cache_read_input_tokens, created);
    assert.equal(second.usage.cache_creation_input_tokens, 0);
    assert.equal(other.usage.cache_creation_input_tokens, created);
    const served = upstream.served();
    assert.equal(served.byKey['key-a']?.cacheReadTokens, created);
    assert.equal(served.total.cacheCreation1hTokens, 2 * (first.usage.cache_creation?.ephemeral_1h_input_tokens ?? 0));
  });

  it('reads an earlier turn when the breakpoint moves on', async () => {
    await start();
    const turn = (text: string, isLast: boolean) => ({
      role: 'user' as const,
      content: [{ type: 'text' as const, text, ...(isLast ? { cache_control: { type: 'ephemeral' as const } } : {}) }],
    });
    const first = await client.messages.create({ ...PROMPT, messages: [turn('a'.repeat(400), true)] });
    const second = await client.messages.create({
      ...PROMPT,
      messages: [turn('a'.repeat(400), false), { role: 'assistant', content: 'ok' }, turn('b'.repeat(400), true)],
    });
    assert.equal(second.usage.cache_read_input_tokens, first.usage.cache_creation_input_tokens);
    assert.ok((second.usage.cache_creation_input_tokens ?? 0) > 100);
  });

  it('counts tokens, lists models, and knows nothing else', async () => {
    await start();
    const { model, messages } = PROMPT;
    assert.ok((await client.messages.countTokens({ model, messages })).input_tokens > 0);
    const models: string[] = [];
    for await (const model of client.models.list({ limit: 2 })) {
      models.push(model.id);
    }
    assert.equal(models.length, 4);
    assert.equal((await client.models.retrieve(models[0] ?? '')).type, 'model');
    await assert.rejects(client.models.retrieve('gpt'), Anthropic.NotFoundError);
    assert.equal((await fetch(`${upstream.url}/api/hello`, { method: 'HEAD' })).status, 200);
    const unknown = await fetch(`${upstream.url}/v1/nothing`);
    assert.equal(unknown.status, 404);
    const error = (await unknown.json()) as { error: { type: string } };
    assert.equal(error.error.type, 'not_found_error');
    assert.equal(upstream.served().total.requests, 0);
  });

  it('refuses bodies as the API does', async () => {
    await start();
    await assert.rejects(client.messages.create({ ...PROMPT, max_tokens: 0 }), Anthropic.BadRequestError);
    await assert.rejects(client.messages.create({ ...PROMPT, messages: [] }), Anthropic.BadRequestError);
  });

  it('caps its log and not its counts', async () => {
    upstream = await startSimulatedUpstream({ maxLogEntries: 3 });
    client = new Anthropic({ baseURL: upstream.url, apiKey: 'key-a' });
    for (let index = 0; index < 30; index += 1) {
      await client.messages.create(PROMPT);
    }
    assert.equal(upstream.requests.length, 3);
    assert.equal(upstream.requests[0]?.body, undefined);
    assert.equal(upstream.served().total.requests, 30);
  });

  it('ends open streams when it closes, and its port can be taken again', async () => {
    await start({ delays: { beforeHeadersMs: 0, betweenEventsMs: 1000 } });
    const stream = await client.messages.create({ ...PROMPT, stream: true });
    await upstream.close();
    await assert.rejects(stream.toReadableStream().pipeTo(new WritableStream()));
    const port = Number(new URL(upstream.url).port);
    upstream = await startSimulatedUpstream({ port });
    await assert.rejects(startSimulatedUpstream({ port }), { code: 'EADDRINUSE' });
  });

  for (const compression of ['gzip', 'br', 'deflate', 'zstd'] as const) {
    it(`compresses with ${compression} if the client allows it`, async () => {
      await start({ compression });
      const post = async (encoding: string, stream: boolean) =>
        fetch(`${upstream.url}/v1/messages`, {
          method: 'POST',
          headers: { 'x-api-key': 'k', 'anthropic-version': '2023-06-01', 'accept-encoding': encoding },
          body: JSON.stringify({ ...PROMPT, stream }),
        });
      const stream = await post(`identity, ${compression}`, true);
      assert.equal(stream.headers.get('content-encoding'), compression);
      assert.match(await stream.text(), /event: message_stop/);
      const json = await post(compression, false);
      assert.equal(json.headers.get('content-encoding'), compression);
      assert.match(await json.text(), /Hello/);
      const plain = await post(`${compression};q=0`, true);
      assert.equal(plain.headers.get('content-encoding'), null);
      assert.match(await plain.text(), /event: message_stop/);
    });
  }
});
