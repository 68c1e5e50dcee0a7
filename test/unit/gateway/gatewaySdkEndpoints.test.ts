import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import Anthropic, { toFile } from '@anthropic-ai/sdk';
import { noUsage } from '../../../src/core/usage.ts';
import { type SimulatedUpstream, startSimulatedUpstream } from '../../fakes/simulatedUpstream.ts';
import { endsOf, liveToken } from './fakeAdmission.ts';
import { type GatewayFixture, realKey, startFixture, startServer } from './gatewayFixture.ts';

const ask = { model: 'claude-opus-5-5', max_tokens: 100, messages: [{ role: 'user' as const, content: 'hi' }] };
const tool = { name: 'look_up', input_schema: { type: 'object' as const, properties: { word: { type: 'string' } } } };

function clientOf(fixture: GatewayFixture, maxRetries: number): Anthropic {
  return new Anthropic({ baseURL: fixture.gateway.url, apiKey: liveToken, authToken: null, maxRetries });
}

describe('the Anthropic SDK through the gateway, at messages,', () => {
  let upstream: SimulatedUpstream;
  let fixture: GatewayFixture;
  beforeEach(async () => {
    upstream = await startSimulatedUpstream({ behaviour: { acceptedKeys: [realKey] } });
    fixture = await startFixture(upstream.url);
  });
  afterEach(async () => {
    await fixture.close();
    await upstream.close();
  });

  it('calls tools and brings their results, streamed', async () => {
    upstream.behave({ toolUse: { name: tool.name, input: { word: 'Grüße' } }, thinking: true });
    const client = clientOf(fixture, 0);
    const inputs: string[] = [];
    const stream = client.messages.stream({ ...ask, tools: [tool] }).on('inputJson', (delta) => inputs.push(delta));
    const first = await stream.finalMessage();
    const use = first.content.find((block) => block.type === 'tool_use');
    assert.ok(use !== undefined && inputs.length > 1);
    const [thought] = first.content;
    assert.ok(thought?.type === 'thinking' && thought.thinking.length > 10 && thought.signature.length > 10);
    assert.deepEqual([first.stop_reason, use.input], ['tool_use', { word: 'Grüße' }]);
    const result = { type: 'tool_result' as const, tool_use_id: use.id, content: 'a greeting' };
    const second = await client.messages.create({
      ...ask,
      tools: [tool],
      messages: [...ask.messages, { role: 'assistant', content: first.content }, { role: 'user', content: [result] }],
    });
    assert.equal(second.stop_reason, 'end_turn');
    const [one, two] = await Promise.all(fixture.admission.reservations.map(({ ended }) => ended));
    assert.ok(one !== undefined && one !== 'released' && two !== undefined && two !== 'released');
    assert.deepEqual(
      [one.usage?.outputTokens, two.usage?.outputTokens],
      [first.usage.output_tokens, second.usage.output_tokens],
    );
  });

  it('tries again as upstream tells it to, each time as a request of its own', async () => {
    upstream.behave({
      faults: [
        { kind: 'status', status: 529 },
        { kind: 'status', status: 500 },
      ],
    });
    const message = await clientOf(fixture, 2).messages.create(ask);
    assert.equal(message.type, 'message');
    assert.deepEqual(
      upstream.requests.map(({ status, headers }) => [status, headers['x-stainless-retry-count']]),
      [
        [529, '0'],
        [500, '1'],
        [200, '2'],
      ],
    );
    assert.equal(fixture.admission.reservations.length, 3);
    assert.ok(fixture.admission.reservations.every((reservation) => endsOf(reservation) === 1));
  });
});

describe('the Anthropic SDK through the gateway, at other endpoints,', () => {
  it('makes batches, which are requests, and reads their results, which tell what the messages have used', async () => {
    const batch = { id: 'msgbatch_1', type: 'message_batch', processing_status: 'ended' };
    const line = JSON.stringify({
      custom_id: 'one',
      result: {
        type: 'succeeded',
        message: { id: 'msg_1', model: 'm', usage: { input_tokens: 5000, output_tokens: 700 } },
      },
    });
    const upstream = await startServer((request, response) => {
      request.resume();
      const isResults = request.url?.endsWith('/results') === true;
      response.writeHead(200, { 'content-type': isResults ? 'application/x-jsonl' : 'application/json' });
      response.end(isResults ? `${line}\n` : JSON.stringify(batch));
    });
    const fixture = await startFixture(upstream.url);
    const client = clientOf(fixture, 0);
    const made = await client.messages.batches.create({ requests: [{ custom_id: 'one', params: ask }] });
    assert.equal((await client.messages.batches.retrieve(made.id)).processing_status, 'ended');
    const results = await client.get(`/v1/messages/batches/${made.id}/results`).asResponse();
    assert.equal(await results.text(), `${line}\n`);
    await client.messages.batches.cancel(made.id);
    assert.deepEqual(
      fixture.admission.asks.map(({ usesTokens }) => usesTokens),
      [false, false],
    );
    const outcomes = await Promise.all(fixture.admission.reservations.map(({ ended }) => ended));
    assert.ok(outcomes.every((outcome) => outcome !== 'released' && outcome.usage === undefined));
    const usage = { ...noUsage, inputTokens: 5000, outputTokens: 700 };
    assert.deepEqual(fixture.admission.batched, [
      { sessionId: 'session-1', message: { messageId: 'msg_1', model: 'm', usage } },
    ]);
    await fixture.close();
    await upstream.close();
  });

  it('uploads a file as a form and downloads it', async () => {
    const content = randomBytes(300_000);
    let form = Buffer.alloc(0);
    let type = '';
    const upstream = await startServer((request, response) => {
      void (async () => {
        const body = Buffer.concat((await request.toArray()) as Buffer[]);
        if (request.method === 'GET') {
          response.writeHead(200, { 'content-type': 'application/octet-stream' }).end(content);
          return;
        }
        form = body;
        type = request.headers['content-type'] ?? '';
        response.writeHead(200, { 'content-type': 'application/json' }).end('{"id":"file_1","type":"file"}');
      })();
    });
    const fixture = await startFixture(upstream.url);
    const client = clientOf(fixture, 0);
    const { id } = await client.beta.files.upload({ file: await toFile(content, 'größe.bin') });
    assert.match(type, /^multipart\/form-data; *boundary=/);
    assert.ok(form.includes(content) && form.includes('filename="größe.bin"'));
    const downloaded = await client.beta.files.download(id);
    assert.deepEqual(Buffer.from(await downloaded.arrayBuffer()), content);
    assert.equal(fixture.admission.asks.length, 1);
    await fixture.close();
    await upstream.close();
  });
});
