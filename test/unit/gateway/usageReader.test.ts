import assert from 'node:assert/strict';
import { PassThrough, type Transform } from 'node:stream';
import {
  brotliCompressSync,
  createBrotliCompress,
  createGzip,
  createZstdCompress,
  deflateRawSync,
  deflateSync,
  type Gzip,
  gzipSync,
  zstdCompressSync,
} from 'node:zlib';
import fc from 'fast-check';
import { noUsage, type Usage } from '../../../src/core/usage.ts';
import { UsageReader } from '../../../src/gateway/usageReader.ts';

const text = 'Grüße 🎉 "usage":{"input_tokens":1} \\ \u2028';
const startUsage = {
  input_tokens: 25,
  cache_creation_input_tokens: 700,
  cache_read_input_tokens: 3000,
  cache_creation: { ephemeral_5m_input_tokens: 500, ephemeral_1h_input_tokens: 200 },
  output_tokens: 1,
};
const truth: Usage = {
  inputTokens: 25,
  cacheCreation5mTokens: 500,
  cacheCreation1hTokens: 200,
  cacheReadTokens: 3000,
  outputTokens: 42,
};

const event = (name: string, data: object, lineEnd = '\n'): string =>
  `event: ${name}${lineEnd}data: ${JSON.stringify(data)}${lineEnd}${lineEnd}`;
const stream = (lineEnd = '\n'): string =>
  [
    event('message_start', { type: 'message_start', message: { model: 'claude-x', usage: startUsage } }, lineEnd),
    event('ping', { type: 'ping' }, lineEnd),
    `: a comment${lineEnd}${lineEnd}`,
    event('content_block_delta', { type: 'content_block_delta', delta: { type: 'text_delta', text } }, lineEnd),
    event('message_delta', { type: 'message_delta', delta: {}, usage: { output_tokens: 20 } }, lineEnd),
    event(
      'message_delta',
      {
        type: 'message_delta',
        delta: { text },
        usage: { output_tokens: 42, input_tokens: null, cache_creation_input_tokens: 700 },
      },
      lineEnd,
    ),
    event('message_stop', { type: 'message_stop' }, lineEnd),
  ].join('');
const json = JSON.stringify({
  id: 'msg',
  model: 'claude-x',
  content: [
    { type: 'text', text },
    { usage: { input_tokens: 9 }, model: 'no' },
  ],
  'us"age': 1,
  usage: { ...startUsage, output_tokens: 42, server_tool_use: { web_search_requests: 1 } },
  stop_reason: 'end_turn',
});

/** Reads a body that comes in pieces of the given lengths, over and over. */
async function read(body: Buffer, type: string, coding: string, lengths: readonly number[]): Promise<UsageReader> {
  const reader = new UsageReader(['Content-Type', type, 'content-encoding', coding], () => undefined);
  for (let at = 0, turn = 0; at < body.length; turn += 1) {
    const length = lengths[turn % lengths.length] ?? 1;
    reader.push(body.subarray(at, at + length));
    at += length;
  }
  await reader.end();
  return reader;
}

const codings: readonly (readonly [string, (body: Buffer) => Buffer])[] = [
  ['identity', (body) => body],
  ['gzip', (body) => gzipSync(body)],
  ['deflate', (body) => deflateSync(body)],
  ['deflate', (body) => deflateRawSync(body)],
  ['br', (body) => brotliCompressSync(body)],
  ['zstd', (body) => zstdCompressSync(body)],
  [
    'zstd of several frames',
    (body) => Buffer.concat([0, 7, 150].map((at, i, all) => zstdCompressSync(body.subarray(at, all[i + 1])))),
  ],
  ['deflate, gzip', (body) => gzipSync(deflateSync(body))],
];

describe('UsageReader', () => {
  for (const [coding, encode] of codings) {
    for (const [name, type, body] of [
      ['a stream', 'text/event-stream; charset=utf-8', stream()],
      ['a stream with CRLF', 'text/event-stream', stream('\r\n')],
      ['JSON', 'application/json', json],
    ] as const) {
      it(`reads ${name} in ${coding}, however it is cut`, async () => {
        const encoded = encode(Buffer.from(body));
        await fc.assert(
          fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 1 }), async (lengths) => {
            const reader = await read(encoded, type, coding.replace(/ of .*/, ''), lengths);
            assert.deepEqual(reader.usage, truth);
            assert.equal(reader.model, 'claude-x');
          }),
          { numRuns: coding === 'identity' ? 100 : 12 },
        );
      });
    }
  }

  it('reads every single cut of a stream', async () => {
    const body = Buffer.from(stream());
    for (let cut = 1; cut < body.length; cut += 1) {
      assert.deepEqual((await read(body, 'text/event-stream', '', [cut, body.length])).usage, truth);
    }
  });

  it('reads a body whose codings come in several lines', async () => {
    const headers = ['content-type', 'application/json', 'Content-Encoding', 'deflate', 'content-encoding', 'gzip'];
    const reader = new UsageReader(headers, () => undefined);
    reader.push(gzipSync(deflateSync(json)));
    await reader.end();
    assert.deepEqual(reader.usage, truth);
  });

  for (const [coding, createEncoder] of [
    ['identity', () => new PassThrough()],
    ['gzip', createGzip],
    ['br', createBrotliCompress],
    ['zstd', createZstdCompress],
  ] as const) {
    it(`tells the input side at once and keeps what came before a cut, in ${coding}`, async () => {
      const started: Usage[] = [];
      const headers = ['content-type', 'text/event-stream', 'content-encoding', coding];
      const reader = new UsageReader(headers, (usage) => started.push(usage));
      const encoder: Transform = createEncoder();
      encoder.on('data', (chunk: Buffer) => {
        reader.push(chunk);
      });
      const whole = stream();
      encoder.write(whole.slice(0, whole.lastIndexOf('event: message_delta') + 40));
      if ('flush' in encoder)
        await new Promise((resolve) => {
          (encoder as Gzip).flush(() => {
            resolve(undefined);
          });
        });
      await reader.end();
      assert.deepEqual(started, [{ ...truth, outputTokens: 1 }]);
      assert.deepEqual(reader.usage, { ...truth, outputTokens: 20 });
      encoder.destroy();
    });
  }

  it('counts what an error event comes after, and names the error', async () => {
    const error = event('error', { type: 'error', error: { type: 'overloaded_error', message: 'x' } });
    const start = event('message_start', {
      type: 'message_start',
      message: { model: 'm', usage: { input_tokens: 7, output_tokens: 2 } },
    });
    const reader = await read(Buffer.from(start + error), 'text/event-stream', '', [10]);
    assert.equal(reader.streamError, 'overloaded_error');
    assert.equal(reader.usage?.inputTokens, 7);
  });

  it('counts what a message used beside its own counts: compactions and advice', async () => {
    const iterations = (output: number): unknown[] => [
      { type: 'compaction', input_tokens: 100, output_tokens: output, cache_read_input_tokens: 4 },
      { type: 'message', model: 'm', input_tokens: 7, output_tokens: 5 },
      {
        type: 'advisor_message',
        input_tokens: 1000,
        output_tokens: 60,
        cache_creation_input_tokens: 30,
        cache_creation: { ephemeral_5m_input_tokens: 10, ephemeral_1h_input_tokens: 20 },
      },
      { type: 'fallback_message', input_tokens: 7, output_tokens: 5 },
      { type: 'of the future', input_tokens: 9 },
      null,
    ];
    const expected: Usage = {
      inputTokens: 7 + 100 + 1000,
      cacheCreation5mTokens: 10,
      cacheCreation1hTokens: 20,
      cacheReadTokens: 4,
      outputTokens: 5 + 40 + 60,
    };
    const whole = JSON.stringify({ usage: { input_tokens: 7, output_tokens: 5, iterations: iterations(40) } });
    assert.deepEqual((await read(Buffer.from(whole), 'application/json', '', [9])).usage, expected);
    const streamed = [
      event('message_start', {
        type: 'message_start',
        message: { usage: { input_tokens: 7, output_tokens: 1, iterations: iterations(1) } },
      }),
      event('message_delta', { type: 'message_delta', usage: { output_tokens: 3, iterations: iterations(40) } }),
      event('message_delta', { type: 'message_delta', usage: { output_tokens: 5, iterations: null } }),
    ].join('');
    assert.deepEqual((await read(Buffer.from(streamed), 'text/event-stream', '', [9])).usage, expected);
  });

  it('reads usage that is long because of its iterations', async () => {
    const iterations = Array.from({ length: 900 }, () => ({ type: 'compaction', input_tokens: 2, output_tokens: 1 }));
    const body = Buffer.from(JSON.stringify({ usage: { input_tokens: 1, output_tokens: 1, iterations } }));
    assert.equal((await read(body, 'application/json', '', [1000])).usage?.inputTokens, 1801);
  });

  it('takes events without a name, data in several lines and a total without its split', async () => {
    const body =
      'data: {"type":"message_start","message":{"usage":\ndata:{"input_tokens":3,"cache_creation_input_tokens":9}}}\n\n';
    const reader = await read(Buffer.from(body), 'text/event-stream', '', [5]);
    assert.deepEqual(reader.usage, {
      inputTokens: 3,
      cacheCreation5mTokens: 9,
      cacheCreation1hTokens: 0,
      cacheReadTokens: 0,
      outputTokens: 0,
    });
  });

  it('reads nothing from what is no message, and never throws', async () => {
    const bodies = [
      '',
      'data: {',
      '{"usage":',
      '[1,{"usage":{}}]',
      '{"usage":{"input_tokens":"x"',
      'data: null\n\n',
      '}}}]]"\\',
    ];
    // More than any request has: sums of it would not be exact any more.
    const absurd = Buffer.from('{"usage":{"input_tokens":9007199254740991,"output_tokens":7}}');
    assert.deepEqual((await read(absurd, 'application/json', '', [])).usage, { ...noUsage, outputTokens: 7 });
    for (const type of ['text/event-stream', 'application/json', 'text/html']) {
      for (const coding of ['', 'gzip', 'unknown']) {
        for (const body of bodies) assert.equal((await read(Buffer.from(body), type, coding, [2])).usage, undefined);
      }
    }
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), fc.constantFrom('', 'br', 'zstd'), async (bytes, coding) => {
        await read(Buffer.from(bytes), 'text/event-stream', coding, [7]);
        await read(Buffer.from(bytes), 'application/json', coding, [7]);
      }),
      { numRuns: 50 },
    );
  });

  it('forgets a line of endless length and goes on', async () => {
    const body = `data: ${'x'.repeat(3 * 1024 * 1024)}\n\n${stream()}`;
    assert.deepEqual((await read(Buffer.from(body), 'text/event-stream', '', [65536])).usage, truth);
  });
});
