import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type IncomingMessage, request as httpRequest } from 'node:http';
import { constants, gunzipSync } from 'node:zlib';

import Anthropic from '@anthropic-ai/sdk';

import { type SimulatedUpstream, startSimulatedUpstream } from '../../fakes/simulatedUpstream.ts';
import type { ForcedFault, UpstreamBehaviour } from '../../fakes/upstreamBehaviour.ts';

const PROMPT = {
  model: 'claude-opus-5-5',
  max_tokens: 100,
  messages: [{ role: 'user' as const, content: 'Say hi.' }],
};

describe('simulated upstream with forced faults', () => {
  let upstream: SimulatedUpstream;
  let client: Anthropic;

  async function start(faults: readonly ForcedFault[], behaviour: Partial<UpstreamBehaviour> = {}): Promise<void> {
    upstream = await startSimulatedUpstream({ behaviour: { ...behaviour, faults } });
    client = new Anthropic({ baseURL: upstream.url, apiKey: 'key-a', maxRetries: 0 });
  }

  /** What had arrived when the connection ended; `fetch` would drop the last part of a compressed answer. */
  async function receiveUntilCut(coding: 'identity' | 'gzip'): Promise<string> {
    const headers = { 'x-api-key': 'key-a', 'anthropic-version': '2026-10-21', 'accept-encoding': coding };
    const request = httpRequest(`${upstream.url}/v1/messages`, { method: 'POST', headers });
    request.end(JSON.stringify({ ...PROMPT, stream: true }));
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    const chunks: Buffer[] = [];
    response.on('data', (chunk: Buffer) => chunks.push(chunk));
    await assert.rejects(once(response, 'end'), /aborted/);
    const bytes = Buffer.concat(chunks);
    return (coding === 'gzip' ? gunzipSync(bytes, { finishFlush: constants.Z_SYNC_FLUSH }) : bytes).toString();
  }

  async function waitUntil(condition: () => boolean): Promise<void> {
    while (!condition()) {
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  }

  afterEach(async () => {
    await upstream.close();
  });

  it('answers each status with its error, then goes on', async () => {
    const statuses = [401, 403, 429, 500, 529] as const;
    await start(statuses.map((status) => ({ kind: 'status', status, retryAfterSeconds: 7 })));
    const types: unknown[] = [];
    for (const status of statuses) {
      await assert.rejects(client.messages.create(PROMPT), (error) => {
        assert.ok(error instanceof Anthropic.APIError);
        assert.equal(error.status, status);
        assert.equal((error.headers as Headers).get('retry-after'), '7');
        types.push(error.type);
        return true;
      });
    }
    assert.deepEqual(types, [
      'authentication_error',
      'permission_error',
      'rate_limit_error',
      'api_error',
      'overloaded_error',
    ]);
    await client.messages.create(PROMPT);
    const { total } = upstream.served();
    assert.deepEqual([total.requests, total.faults, total.answered401, total.answered429], [6, 5, 1, 1]);
    assert.equal(upstream.requests[0]?.fault, 'status');
  });

  it('repeats a fault so many times, or until it is cleared', async () => {
    await start([{ kind: 'status', status: 529, times: 2 }]);
    const retrying = client.withOptions({ maxRetries: 2 });
    await retrying.messages.create(PROMPT, { timeout: 8000 });
    assert.equal(upstream.served().total.requests, 3);
    upstream.behave({ faults: [{ kind: 'status', status: 500, times: 'untilCleared' }] });
    await assert.rejects(client.messages.create(PROMPT));
    await assert.rejects(client.messages.create(PROMPT));
    assert.equal(upstream.behaviour.faults.length, 1);
    upstream.behave({ faults: [] });
    await client.messages.create(PROMPT);
  });

  it('sends an error event after a 200', async () => {
    await start([{ kind: 'errorEvent', afterEvents: 4 }, { kind: 'errorEvent' }]);
    await assert.rejects(client.messages.stream(PROMPT).finalMessage(), /overloaded_error/);
    assert.equal(upstream.requests[0]?.status, 200);
    const { total } = upstream.served();
    assert.ok(total.inputTokens > 0);
    assert.equal(total.outputTokens, 1);
    await assert.rejects(client.messages.create(PROMPT), /529/);
  });

  for (const compression of ['identity', 'gzip'] as const) {
    it(`cuts a stream after the events that it counts (${compression})`, async () => {
      await start([{ kind: 'cutMidStream', afterEvents: 4 }], { compression });
      const received = await receiveUntilCut(compression);
      assert.deepEqual(received.match(/(?<=^event: ).*$/gm), [
        'message_start',
        'content_block_start',
        'ping',
        'content_block_delta',
      ]);
      const [request] = upstream.requests;
      assert.equal(request?.usage?.outputTokens, 1);
      assert.equal(request.aborted, false);
      assert.equal(request.fault, 'cutMidStream');
    });
  }

  it('cuts a stream in a way that the SDK notices', async () => {
    await start([{ kind: 'cutMidStream' }]);
    await assert.rejects(client.messages.stream(PROMPT).finalMessage());
  });

  it('cuts before the headers and inside JSON', async () => {
    await start([{ kind: 'cutBeforeHeaders' }, { kind: 'cutMidStream' }]);
    await assert.rejects(client.messages.create(PROMPT), Anthropic.APIConnectionError);
    assert.equal(upstream.requests[0]?.status, undefined);
    assert.equal(upstream.served().total.inputTokens, 0);
    await assert.rejects(client.messages.create(PROMPT));
    assert.equal(upstream.served().total.outputTokens, 12);
  });

  it('is slow before the headers and between events', async () => {
    await start([{ kind: 'slow', beforeHeadersMs: 60 }], {
      delays: { beforeHeadersMs: 0, betweenEventsMs: 5 },
      deltaEvents: 10,
    });
    const begin = performance.now();
    const response = await client.messages.create({ ...PROMPT, stream: true });
    const headersAt = performance.now();
    await response.toReadableStream().pipeTo(new WritableStream());
    assert.ok(headersAt - begin >= 55);
    assert.ok(performance.now() - begin >= 55 + 50);
  });

  it('notices a client that goes away, and counts what it had sent', async () => {
    await start([], { delays: { beforeHeadersMs: 0, betweenEventsMs: 20 }, deltaEvents: 100 });
    const stream = await client.messages.create({ ...PROMPT, stream: true });
    for await (const event of stream) {
      if (event.type === 'content_block_delta') {
        break;
      }
    }
    stream.controller.abort();
    await waitUntil(() => upstream.requests[0]?.aborted === true);
    assert.equal(upstream.served().total.outputTokens, 1);
    assert.ok(upstream.served().total.inputTokens > 0);
  });

  it('notices a client that goes away while it waits or sends', async () => {
    await start([], { delays: { beforeHeadersMs: 5000, betweenEventsMs: 0 } });
    const abort = new AbortController();
    const answer = client.messages.create(PROMPT, { signal: abort.signal });
    await waitUntil(() => (upstream.requests[0]?.bodyBytes ?? 0) > 0);
    abort.abort();
    await assert.rejects(answer, Anthropic.APIUserAbortError);
    await waitUntil(() => upstream.requests[0]?.aborted === true);
    assert.equal(upstream.served().total.inputTokens, 0);

    const upload = httpRequest(`${upstream.url}/v1/messages`, { method: 'POST', headers: { 'content-length': 100 } });
    upload.on('error', () => undefined);
    upload.write('{');
    await waitUntil(() => upstream.requests[1]?.bodyBytes === 1);
    upload.destroy();
    await waitUntil(() => upstream.requests[1]?.aborted === true);
  });
});
