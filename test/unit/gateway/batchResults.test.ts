import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { brotliCompressSync, gzipSync, zstdCompressSync } from 'node:zlib';
import fc from 'fast-check';
import type { BatchedMessage } from '../../../src/core/admission.ts';
import { FakeClock } from '../../fakes/fakeClock.ts';
import { noUsage } from '../../../src/core/usage.ts';
import { BatchResults, readsBatchResults } from '../../../src/gateway/batchResults.ts';

const result = (id: string, output: number): string =>
  JSON.stringify({
    custom_id: `Grüße ${id} "\n"`,
    result: {
      type: 'succeeded',
      message: {
        id: `msg_${id}`,
        model: 'claude-x',
        content: [{ type: 'text', text: '{"result":{"type":"succeeded"}}\n🎉' }],
        usage: { input_tokens: 7, output_tokens: output, cache_read_input_tokens: 3 },
      },
    },
  });
const message = (id: string, output: number): BatchedMessage => ({
  messageId: `msg_${id}`,
  model: 'claude-x',
  usage: { ...noUsage, inputTokens: 7, outputTokens: output, cacheReadTokens: 3 },
});
const others = [
  JSON.stringify({ custom_id: 'e', result: { type: 'errored', error: { type: 'api_error' } } }),
  JSON.stringify({ custom_id: 'c', result: { type: 'canceled' } }),
  JSON.stringify({ custom_id: 'x', result: { type: 'expired' } }),
  JSON.stringify({ custom_id: 'no id', result: { type: 'succeeded', message: { usage: { input_tokens: 1 } } } }),
  JSON.stringify({ custom_id: 'no usage', result: { type: 'succeeded', message: { id: 'msg_u' } } }),
  'not JSON',
  'null',
  '',
];

/** Reads a body that comes in pieces of the given lengths, over and over. */
async function read(
  body: Buffer,
  coding: string,
  lengths: readonly number[],
  more: readonly string[] = [],
): Promise<BatchedMessage[]> {
  const found: BatchedMessage[] = [];
  const headers = ['content-type', 'application/x-jsonl', 'content-encoding', coding, ...more];
  const results = new BatchResults(headers, new FakeClock(), (messages) => {
    assert.ok(messages.length > 0);
    found.push(...messages);
    return undefined;
  });
  for (let at = 0, turn = 0; at < body.length; turn += 1) {
    const length = lengths[turn % lengths.length] ?? 1;
    await results.push(body.subarray(at, at + length));
    at += length;
  }
  await results.end();
  return found;
}

describe('the results of a batch', () => {
  for (const [coding, encode] of [
    ['identity', (body) => body],
    ['gzip', (body) => gzipSync(body)],
    ['br', (body) => brotliCompressSync(body)],
    ['zstd', (body) => zstdCompressSync(body)],
  ] as const satisfies [string, (body: Buffer) => Buffer][]) {
    for (const [ends, last] of [
      ['with a line feed', '\n'],
      ['without one', ''],
    ] as const) {
      it(`tell what each message has used, in ${coding}, ending ${ends}, however they are cut`, async () => {
        const lines = [result('a', 1), ...others, result('b', 2), result('c', 3)];
        const body = encode(Buffer.from(lines.join('\n') + last));
        const all = [message('a', 1), message('b', 2), message('c', 3)];
        await fc.assert(
          fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 700 }), { minLength: 1 }), async (lengths) => {
            assert.deepEqual(await read(body, coding, lengths), all);
          }),
          { numRuns: coding === 'identity' ? 60 : 12 },
        );
      });
    }
  }

  it('with CRLF are read as well', async () => {
    assert.deepEqual(await read(Buffer.from(`${result('a', 1)}\r\n${result('b', 2)}\r\n`), '', [50]), [
      message('a', 1),
      message('b', 2),
    ]);
  });

  it('whose codings come in several lines are read as well', async () => {
    const body = gzipSync(brotliCompressSync(`${result('a', 1)}\n`));
    assert.deepEqual(await read(body, 'br', [50], ['Content-Encoding', 'gzip']), [message('a', 1)]);
  });

  it('that are cut tell of the messages that came whole', async () => {
    const body = Buffer.from(`${result('a', 1)}\n${result('b', 2)}`);
    assert.deepEqual(await read(body.subarray(0, -5), '', [100]), [message('a', 1)]);
  });

  it('that cannot be decoded are waited for no longer', async () => {
    for (const coding of ['gzip', 'deflate', 'br', 'zstd']) {
      assert.deepEqual(await read(Buffer.from(`${result('a', 1)}\n`), coding, [100]), []);
    }
  });

  it('with a line that is too long tell of those before and behind it, and keep none of it', async () => {
    const long = Buffer.alloc(9 * 1024 * 1024, 'x');
    const body = Buffer.concat([Buffer.from(`${result('a', 1)}\n`), long, Buffer.from(`\n${result('b', 2)}\n`)]);
    for (const length of [64 * 1024, body.length]) {
      assert.deepEqual(await read(body, '', [length]), [message('a', 1), message('b', 2)]);
    }
  });

  it('are asked for no faster than they are decoded and booked, so that all of a large batch is counted', async () => {
    const text = randomBytes(30_000).toString('base64');
    const lines = Array.from({ length: 800 }, (_, index) => result(`${index}`, 1).replace('Grüße', text));
    const body = gzipSync(lines.join('\n'), { level: 1 });
    assert.ok(body.length > 17 * 1024 * 1024, 'more than may wait to be decoded');
    const clock = new FakeClock();
    const booked = new Set<string>();
    let underWay = 0;
    let most = 0;
    const results = new BatchResults(['content-encoding', 'gzip'], clock, async (messages) => {
      underWay += 1;
      most = Math.max(most, underWay);
      await new Promise((resolve) => setImmediate(resolve));
      underWay -= 1;
      for (const { messageId } of messages) booked.add(messageId);
    });
    for (let at = 0; at < body.length; at += 64 * 1024) await results.push(body.subarray(at, at + 64 * 1024));
    await results.end();
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(booked.size, 800);
    assert.ok(most <= 16, `${most} bookings at once`);
  });

  it('wait a moment, and no longer, for a ledger that is busy', async () => {
    const clock = new FakeClock();
    const results = new BatchResults([], clock, () => new Promise(() => undefined));
    const pushed = results.push(Buffer.from(`${result('a', 1)}\n`));
    assert.ok(pushed !== undefined);
    let isOver = false;
    void pushed.then(() => (isOver = true));
    await clock.advance(900);
    assert.ok(!isOver);
    await clock.advance(200);
    assert.ok(isOver);
  });

  it('are what their own path brings, and nothing else', () => {
    assert.ok(readsBatchResults('GET', '/v1/messages/batches/msgbatch_1/results'));
    assert.ok(readsBatchResults('GET', '/v1/messages/batches/msgbatch_1/%72esults'));
    assert.ok(readsBatchResults('GET', '/base/v1/messages/batches/msgbatch_1/results/?beta=true'));
    for (const [method, path] of [
      ['POST', '/v1/messages/batches/msgbatch_1/results'],
      ['GET', '/v1/messages/batches/msgbatch_1'],
      ['GET', '/v1/messages/batches'],
      ['GET', '/v1/messages/batches/msgbatch_1/results/more'],
      ['GET', '/v1/files?of=/v1/messages/batches/1/results'],
    ] as const) {
      assert.ok(!readsBatchResults(method, path), path);
    }
  });
});
