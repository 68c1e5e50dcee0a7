import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { type IncomingMessage, request as httpRequest } from 'node:http';
import { brotliCompressSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { liveToken } from './fakeAdmission.ts';
import { type GatewayFixture, realKey, startFixture, startServer } from './gatewayFixture.ts';

interface Message {
  readonly headers: readonly string[];
  readonly body: Buffer;
}
interface Case {
  readonly what: string;
  readonly line: `${string} ${string}`;
  readonly sent?: Partial<Message>;
  readonly status?: number;
  readonly answer?: Partial<Message>;
  /** What is asked of the quota; nothing when absent. */
  readonly quota?: 'tokens' | 'request';
}

const json = ['Content-Type', 'application/json'];
const nothing = Buffer.alloc(0);
const event = (name: string, data: object): string => `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
const binary = randomBytes(200_000);
const boundary = '------x-0123456789';
const upload = Buffer.concat([
  Buffer.from(`--${boundary}\r\nContent-Disposition: form-data; name="file"; filename="ä.bin"\r\n\r\n`),
  binary,
  Buffer.from(`\r\n--${boundary}--\r\n`),
]);
const batchResults = Buffer.from('{"custom_id":"a","result":{"message":{"usage":{"input_tokens":5}}}}\n'.repeat(3));
const error = (type: string, message: string): Buffer =>
  Buffer.from(`{"type":"error",  "error":{"type":"${type}","message":"${message}"},"request_id":"req_1"}\n`);
const asked = Buffer.from(
  '{"model":"claude-x",  "max_tokens":1e2,"unknown_field":{"a":[1.0,"\\u00e4"]},"messages":[]}',
);

const cases: readonly Case[] = [
  { what: 'a message', line: 'POST /v1/messages', sent: { body: asked }, quota: 'tokens' },
  {
    what: 'a message of the beta API as events, with comments and pings',
    line: 'POST /v1/messages?beta=true',
    sent: { body: asked },
    answer: {
      headers: ['content-type', 'text/event-stream; charset=utf-8', 'Cache-Control', 'no-cache'],
      body: Buffer.from(
        `: hello\n\n${event('ping', { type: 'ping' })}: \r\n\r\n${event('error', { type: 'error' })}rest`,
      ),
    },
    quota: 'tokens',
  },
  {
    what: 'a count of tokens',
    line: 'POST /v1/messages/count_tokens?beta=true',
    sent: { body: asked },
    quota: 'request',
  },
  { what: 'the making of a batch', line: 'POST /v1/messages/batches', sent: { body: asked }, quota: 'request' },
  { what: 'a batch', line: 'GET /v1/messages/batches/msgbatch_1' },
  { what: 'the list of batches', line: 'GET /v1/messages/batches?limit=20&after_id=x%20y' },
  {
    what: 'the results of a batch',
    line: 'GET /v1/messages/batches/msgbatch_1/results',
    answer: {
      headers: ['content-type', 'application/x-jsonl', 'Content-Encoding', 'gzip'],
      body: gzipSync(batchResults),
    },
  },
  { what: 'the end of a batch', line: 'POST /v1/messages/batches/msgbatch_1/cancel', quota: 'request' },
  { what: 'the removal of a batch', line: 'DELETE /v1/messages/batches/msgbatch_1' },
  {
    what: 'the upload of a file',
    line: 'POST /v1/files?beta=true',
    sent: { headers: ['Content-Type', `multipart/form-data; boundary=${boundary}`], body: upload },
    quota: 'request',
  },
  {
    what: 'a part of a file',
    line: 'GET /v1/files/file_1/content',
    sent: { headers: ['Range', 'bytes=0-199999', 'If-None-Match', '"a"'] },
    status: 206,
    answer: {
      headers: ['Content-Type', 'application/octet-stream', 'Content-Range', 'bytes 0-199999/400000', 'ETag', '"a"'],
      body: binary,
    },
  },
  { what: 'the removal of a file', line: 'DELETE /v1/files/file_1?beta=true' },
  { what: 'the list of models', line: 'GET /v1/models?limit=1000' },
  { what: 'a model', line: 'GET /v1/models/claude-x' },
  { what: 'a probe of the root', line: 'HEAD /', answer: { body: nothing } },
  { what: 'a hello', line: 'HEAD /api/hello', answer: { body: nothing } },
  { what: 'a path that is not known', line: 'PATCH /v9/new/thing?x=1&x=2', sent: { body: asked }, quota: 'request' },
  {
    what: 'an answer without content',
    line: 'POST /v1/x',
    status: 204,
    answer: { headers: [], body: nothing },
    quota: 'request',
  },
  {
    what: 'an answer that nothing has changed',
    line: 'GET /v1/x',
    status: 304,
    answer: { headers: ['ETag', '"a"'], body: nothing },
  },
  {
    what: 'a redirect',
    line: 'GET /v1/models',
    status: 307,
    answer: { headers: ['Location', 'https://x.test/'], body: nothing },
  },
  {
    what: 'an encoded body',
    line: 'POST /v1/messages',
    sent: { headers: ['Content-Encoding', 'zstd', ...json], body: zstdCompressSync(asked) },
    answer: { headers: ['content-encoding', 'br', ...json], body: brotliCompressSync(asked) },
    quota: 'tokens',
  },
  ...([400, 402, 403, 404, 408, 409, 413, 422, 429, 500, 503, 529] as const).map((status): Case => {
    const body = error('invalid_request_error', `messages.1.thinking.signature: Invalid ${status}`);
    const headers = [...json, 'request-id', 'req_1', 'Retry-After', '7', 'X-Should-Retry', 'true'];
    const what = `an error of ${status} with its wording`;
    return {
      what,
      line: 'POST /v1/messages?beta=true',
      sent: { body: asked },
      status,
      answer: { headers, body },
      quota: 'tokens',
    };
  }),
];

/** As Claude Code sends them, some that may come one day, and names in any case. */
const clientHeaders = [
  ...['Accept', 'application/json', 'User-Agent', 'claude-cli/2.1.330 (external, sdk-cli)'],
  ...['anthropic-version', '2023-06-01', 'anthropic-beta', 'oauth-2025-04-20,new-capability-2030-01-01'],
  ...['X-Claude-Code-Session-Id', 's', 'x-claude-code-agent-id', 'a', 'x-claude-code-parent-agent-id', 'p'],
  ...['anthropic-workspace-id', 'w', 'anthropic-future', 'f', 'X-Claude-Code-Future', 'f', 'traceparent', '00-1-2-01'],
  ...['X-Stainless-Timeout', '600', 'X-Custom', 'from ANTHROPIC_CUSTOM_HEADERS', 'Accept-Encoding', 'gzip, br, zstd'],
  ...['ANTHROPIC-BETA', 'second-line-2031-01-01', 'Cookie', 'a=b', 'Via', '1.1 x', 'X-Forwarded-For', '10.0.0.1'],
];
const answerHeaders = [
  ...['request-id', 'req_1', 'anthropic-organization-id', 'o', 'Anthropic-Future', 'f', 'traceresponse', '00-1-2-01'],
  ...[
    'Set-Cookie',
    'a=1',
    'set-cookie',
    'b=2',
    'Date',
    'Tue, 24 Nov 2026 00:00:00 GMT',
    'Server',
    'cloudflare',
    'CF-RAY',
    'x',
  ],
];

describe('the gateway passes on, byte for byte both ways,', () => {
  let fixture: GatewayFixture;
  let upstream: Awaited<ReturnType<typeof startServer>>;
  let current: Case;
  let seen: (Message & { readonly line: string }) | undefined;

  before(async () => {
    upstream = await startServer((request, response) => {
      void request.toArray().then((chunks) => {
        seen = {
          line: `${request.method ?? ''} ${request.url ?? ''}`,
          headers: request.rawHeaders,
          body: Buffer.concat(chunks as Buffer[]),
        };
        const { status = 200, answer = {} } = current;
        response.sendDate = false;
        response.writeHead(status, [...answerHeaders, ...(answer.headers ?? json)]);
        response.end(answer.body ?? Buffer.from('{"id":"x",  "usage": null}'));
      });
    });
    fixture = await startFixture(`${upstream.url}/base/path`);
  });
  beforeEach(() => {
    fixture.admission.asks.length = 0;
    seen = undefined;
  });
  after(async () => {
    await fixture.close();
    await upstream.close();
  });

  async function send(
    one: Case,
    credentials: readonly string[],
    prefix = '',
  ): Promise<IncomingMessage & { all: Buffer }> {
    const [method = '', path = ''] = one.line.split(' ');
    const { headers = one.sent?.body === undefined ? [] : json, body = nothing } = one.sent ?? {};
    const { host } = new URL(fixture.gateway.url);
    const length = body.length === 0 ? [] : ['Content-Length', String(body.length)];
    current = one;
    const request = httpRequest(fixture.gateway.url, {
      method,
      path: prefix + path,
      agent: false,
      headers: ['Host', host, ...clientHeaders, ...credentials, ...headers, ...length],
    });
    request.end(body.length === 0 ? undefined : body);
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    return Object.assign(response, { all: Buffer.concat((await response.toArray()) as Buffer[]) });
  }

  /** Without what belongs to one connection, and what frames a body that this test did not frame itself. */
  function kept(rawHeaders: readonly string[]): string[] {
    const names = ['host', 'connection', 'keep-alive', 'content-length', 'transfer-encoding'];
    return rawHeaders.filter((_part, index) => !names.includes((rawHeaders[index - (index % 2)] ?? '').toLowerCase()));
  }

  for (const one of cases) {
    it(one.what, async () => {
      const response = await send(one, ['X-Api-Key', liveToken]);
      const [method = '', path = ''] = one.line.split(' ');
      assert.equal(seen?.line, `${method} /base/path${path}`);
      const body = one.sent?.body;
      const ownHeaders = one.sent?.headers ?? (body === undefined ? [] : json);
      assert.deepEqual(kept(seen.headers), [...clientHeaders, 'X-Api-Key', realKey, ...ownHeaders]);
      assert.deepEqual(seen.body, body ?? nothing);
      assert.equal(response.statusCode, one.status ?? 200);
      assert.deepEqual(kept(response.rawHeaders), [...answerHeaders, ...(one.answer?.headers ?? json)]);
      const expected = one.answer?.body ?? Buffer.from('{"id":"x",  "usage": null}');
      assert.deepEqual(response.all, method === 'HEAD' ? nothing : expected);
      const quota = fixture.admission.asks.map(({ usesTokens }) => (usesTokens ? 'tokens' : 'request'));
      assert.deepEqual(quota, one.quota === undefined ? [] : [one.quota]);
      // Nobody looks again whose key it is where no quota is asked for.
      assert.equal(fixture.admission.lookUps.at(-1), one.quota === undefined ? 'exact' : 'at-hand');
    });
  }

  it('with the real key in the place of the session’s, wherever that was', async () => {
    const one: Case = { what: '', line: 'POST /v1/messages', sent: { body: asked } };
    for (const [credentials, prefix] of [
      [['x-api-key', liveToken], ''],
      [['Authorization', `Bearer ${liveToken}`], ''],
      [['authorization', `bearer ${liveToken}`, 'X-Api-Key', liveToken], ''],
      [[], `/s/${liveToken}`],
      [['Authorization', 'Bearer something-else'], `/s/${liveToken}`],
    ] as const) {
      assert.equal((await send(one, credentials, prefix)).statusCode, 200);
      const sent = seen?.headers ?? [];
      const keys = sent.filter((_part, index) => /^(x-api-key|authorization)$/i.test(sent[index - (index % 2)] ?? ''));
      assert.deepEqual([keys.length, keys[0]?.toLowerCase(), keys[1]], [2, 'x-api-key', realKey]);
      assert.ok(!JSON.stringify(sent).includes(liveToken) && seen?.line === 'POST /base/path/v1/messages');
    }
  });

  it('each event when it comes, and not with those that follow', async () => {
    const parts = [': comment\n\n', event('ping', { type: 'ping' }), event('content_block_delta', { a: 1 })];
    const turn = [
      Promise.withResolvers<undefined>(),
      Promise.withResolvers<undefined>(),
      Promise.withResolvers<undefined>(),
    ];
    const stepping = await startServer((request, response) => {
      request.resume();
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      void (async () => {
        for (const [index, part] of parts.entries()) {
          response.write(part);
          await turn[index]?.promise;
        }
        response.end();
      })();
    });
    fixture.target = { baseUrl: stepping.url, key: realKey };
    const response = await fetch(`${fixture.gateway.url}/v1/messages`, {
      method: 'POST',
      headers: { 'x-api-key': liveToken },
      body: asked,
    });
    const received: string[] = [];
    for await (const chunk of response.body ?? []) {
      received.push(Buffer.from(chunk as Uint8Array).toString());
      turn[received.length - 1]?.resolve(undefined);
    }
    assert.deepEqual(received, parts);
    await stepping.close();
  });
});
