import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { BinaryReader } from '@bufbuild/protobuf/wire';
import fc from 'fast-check';
import type { LimitReport } from '../../../src/core/admission.ts';
import type { Problem } from '../../../src/core/credentials.ts';
import type { UsageEntry } from '../../../src/core/ledger.ts';
import { noUsage } from '../../../src/core/usage.ts';
import { LogsIntake } from '../../../src/observer/logsIntake.ts';
import { systemClock } from '../../../src/processes/systemClock.ts';
import { FakeClock } from '../../fakes/fakeClock.ts';
import { liveSession, startFixture, type ObserverFixture } from './observerFixture.ts';
import { apiRequest, exportOf } from './telemetryRecords.ts';

const captured = (name: string) => readFileSync(path.join(import.meta.dirname, 'captured', name));
const json = { 'content-type': 'application/json' };
const protobuf = { 'content-type': 'application/x-protobuf' };

describe('the telemetry of an observed agent', () => {
  let fixture: ObserverFixture;
  let booked: UsageEntry[];
  let heard: string[];
  /** Whose account was told, and how many requests were booked by then. */
  let told: [sessionId: string, digest: string, booked: number][];
  let reports: LimitReport[];
  let troubles: (Problem | undefined)[];
  let book: (entry: UsageEntry) => Promise<boolean>;

  beforeEach(async () => {
    booked = [];
    told = [];
    heard = [];
    reports = [];
    troubles = [];
    book = (entry) => {
      booked.push(entry);
      return Promise.resolve(true);
    };
    const logs = new LogsIntake(
      {
        book: (sessionId, entry) => {
          assert.equal(sessionId, liveSession.sessionId);
          return book(entry);
        },
        observe: (report) => Promise.resolve(void reports.push(report)),
        heard: ({ sessionId }) => void heard.push(sessionId),
        accountTold: ({ sessionId }, digest) => Promise.resolve(void told.push([sessionId, digest, booked.length])),
        trouble: (problem) => void troubles.push(problem),
      },
      (account) => `digest of ${account}`,
      systemClock,
    );
    fixture = await startFixture({ logs });
  });
  afterEach(() => fixture.observer.close());

  const post = (records: readonly unknown[]): Promise<Response> =>
    fixture.post('/v1/logs', JSON.stringify(exportOf(records)), { headers: json });

  it('tells the account by a digest, before its requests are booked', async () => {
    const tokens = { input_tokens: 1, output_tokens: 1 };
    const of = (user: string, organisation = 'o1') => ({ 'user.account_uuid': user, 'organization.id': organisation });
    await post([
      apiRequest({ ...tokens, request_id: 'r1', ...of('u1'), 'user.email': 'somebody@example.com' }),
      apiRequest({ ...tokens, request_id: 'r2', ...of('u1') }),
      apiRequest({ ...tokens, request_id: 'r3' }),
      apiRequest({ ...tokens, request_id: 'r4', 'organization.id': 'o1' }),
      apiRequest({ status_code: 429, ...of('u1', 'o2') }, 'claude_code.api_error'),
    ]);
    const { sessionId } = liveSession;
    assert.deepEqual(new Set(heard), new Set([sessionId]));
    assert.deepEqual(told, [
      [sessionId, 'digest of ["u1","o1"]', 0],
      [sessionId, 'digest of ["u1","o2"]', 4],
    ]);
  });

  it('is booked as Claude Code 2.1.330 sends it in JSON, request by request and to its subagents', async () => {
    const answer = await fixture.post('/v1/logs', new Uint8Array(captured('logs.json')), { headers: json });
    assert.equal(answer.status, 200);
    assert.deepEqual(await answer.json(), {});
    const model = 'claude-sonnet-5-5';
    assert.deepEqual(booked, [
      {
        model,
        requestId: 'req_013047a7d44ee2c5ea9538af',
        usage: { ...noUsage, inputTokens: 155, cacheCreation1hTokens: 12130, outputTokens: 12 },
      },
      {
        model,
        requestId: 'req_01dc70867456087cf27647b8',
        usage: { ...noUsage, inputTokens: 149, cacheCreation5mTokens: 8200, outputTokens: 12 },
        subagent: { subagentId: 'af97214af7a831158', parentId: undefined },
      },
      {
        model,
        requestId: 'req_019695086eb5ca65556f7e14',
        usage: { ...noUsage, inputTokens: 149, cacheReadTokens: 8200, outputTokens: 12 },
        subagent: { subagentId: 'ad0b8d6f79efa1bb5', parentId: 'af97214af7a831158' },
      },
    ]);
    assert.deepEqual(reports, [{ limits: [], retryAfterMs: undefined, limited: true, model, windows: [] }]);
  });

  for (const [title, packed] of [
    ['as it is', false],
    ['packed', true],
  ] as const) {
    it(`is booked as it sends it in protobuf, ${title}`, async () => {
      const body = packed ? gzipSync(captured('logs.pb')) : captured('logs.pb');
      const headers = { ...protobuf, ...(packed && { 'content-encoding': 'gzip' }) };
      const answer = await fixture.post('/v1/logs', new Uint8Array(body), { headers });
      assert.equal(answer.status, 200);
      assert.equal(answer.headers.get('content-type'), 'application/x-protobuf');
      assert.equal((await answer.arrayBuffer()).byteLength, 0);
      assert.deepEqual(
        booked.map(({ requestId, subagent, usage }) => [
          requestId,
          subagent?.subagentId,
          subagent?.parentId,
          usage.cacheCreation5mTokens,
          usage.cacheReadTokens,
        ]),
        [
          ['req_017ddf3bb1f46d45e0fd58f8', 'a38f21ba405657cd5', undefined, 8200, 0],
          ['req_0128e0b3ee9a99e08a4b6b32', 'a1138f7711d64472d', 'a38f21ba405657cd5', 0, 8200],
          ['req_018c780c49e7e1c467f7ff25', 'aa86bbde616ad3aaa', 'a1138f7711d64472d', 6882, 0],
          ['req_0100cac287f3230618e6fb1c', 'a1138f7711d64472d', 'a38f21ba405657cd5', 690, 8200],
        ],
      );
      assert.deepEqual(
        booked.map(({ usage }) => [usage.inputTokens, usage.outputTokens]),
        [
          [149, 12],
          [149, 12],
          [149, 12],
          [159, 12],
        ],
      );
    });
  }

  it('may have whole numbers as texts, and no split of what was written to the cache', async () => {
    const numbers = { input_tokens: '7', output_tokens: '8', cache_read_tokens: '9', cache_creation_tokens: '10' };
    await post([apiRequest({ ...numbers, request_id: 'req_1' })]);
    const usage = { inputTokens: 7, outputTokens: 8, cacheReadTokens: 9, cacheCreation5mTokens: 10 };
    assert.deepEqual(booked[0]?.usage, { ...noUsage, ...usage });
  });

  it('names a request without an id by its place in its session, the same each time', async () => {
    const place = {
      'session.id': 's',
      'prompt.id': 'p',
      'event.sequence': 3,
      'event.timestamp': '2026-01-01T00:00:00Z',
    };
    const tokens = { input_tokens: 1, output_tokens: 1 };
    await post([apiRequest({ ...place, ...tokens })]);
    await post([apiRequest({ ...tokens, ...place }), apiRequest({ ...place, ...tokens, 'event.sequence': 4 })]);
    const [first, again, other] = booked.map(({ requestId }) => requestId);
    assert.match(first ?? '', /^telemetry-[\w-]{22}$/);
    assert.equal(first, again);
    assert.notEqual(first, other);
  });

  it('of another provider is not the plan’s', async () => {
    await post([apiRequest({ input_tokens: 1, output_tokens: 1, 'anthropic.provider': 'bedrock' })]);
    assert.deepEqual(booked, []);
  });

  it('that cannot be counted is refused in part, in the encoding that it came in', async () => {
    const answer = await post([
      apiRequest({ output_tokens: 1, request_id: 'req_1' }),
      apiRequest({ input_tokens: -1, output_tokens: 1, request_id: 'req_2' }),
      apiRequest({ input_tokens: 1.5, output_tokens: 1, request_id: 'req_3' }),
      apiRequest({ input_tokens: 2e9, output_tokens: 1, request_id: 'req_4' }),
      apiRequest({ input_tokens: 1, output_tokens: 1, request_id: 'req_5' }),
    ]);
    assert.equal(answer.status, 200);
    const errorMessage = 'An api_request without whole numbers of tokens cannot be counted.';
    assert.deepEqual(await answer.json(), { partialSuccess: { rejectedLogRecords: '4', errorMessage } });
    assert.deepEqual(
      booked.map(({ requestId }) => requestId),
      ['req_5'],
    );
    // The same record with the name of its input tokens made another's.
    const damaged = Buffer.from(
      captured('logs.pb').toString('latin1').replace('\x0cinput_tokens', '\x0cinput_tokenz'),
      'latin1',
    );
    const partly = await fixture.post('/v1/logs', new Uint8Array(damaged), { headers: protobuf });
    const response = new BinaryReader(new Uint8Array(await partly.arrayBuffer()));
    assert.equal(response.tag()[0], 1);
    const partial = new BinaryReader(response.bytes());
    assert.deepEqual(
      [partial.tag()[0], Number(partial.int64()), partial.tag()[0], partial.string()],
      [1, 1, 2, errorMessage],
    );
  });

  it('is sent again when it could not be booked', async () => {
    book = () => Promise.reject(new Error('the ledger is busy'));
    assert.equal((await post([apiRequest({ input_tokens: 1, output_tokens: 1 })])).status, 503);
  });

  it('tells of troubles and their end', async () => {
    const error = (status: number | string) => apiRequest({ status_code: status, model: 'm' }, 'claude_code.api_error');
    await post([
      error(529),
      apiRequest({ input_tokens: 1, output_tokens: 1 }),
      error('401'),
      error(400),
      error('undefined'),
    ]);
    assert.deepEqual(
      troubles.map((problem) => problem?.code),
      ['upstream-overloaded', undefined, 'login-rejected'],
    );
    assert.deepEqual(reports, []);
  });

  for (const [title, body, headers, status] of [
    ['no JSON', '{', json, 400],
    ['other JSON', '{"resourceLogs":3}', json, 400],
    ['no protobuf', '\xff\xff\xff', protobuf, 400],
    ['another type', 'x', { 'content-type': 'text/plain' }, 415],
  ] as const) {
    it(`is refused when it is ${title}`, async () => {
      assert.equal((await fixture.post('/v1/logs', Buffer.from(body, 'latin1'), { headers })).status, status);
      assert.deepEqual(booked, []);
    });
  }

  it('may be damaged in any way: it is refused or read, and the observer goes on', async () => {
    const whole = { json: captured('logs.json'), protobuf: captured('logs.pb') };
    const damage = fc.record({
      kind: fc.constantFrom('json' as const, 'protobuf' as const),
      at: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      bytes: fc.uint8Array({ minLength: 1, maxLength: 8 }),
      cut: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(damage, async ({ kind, at, bytes, cut }) => {
        const body = Buffer.from(whole[kind]);
        const place = Math.floor(at * body.length);
        body.set(bytes.subarray(0, body.length - place), place);
        const sent = new Uint8Array(cut ? body.subarray(0, place) : body);
        const answer = await fixture.post('/v1/logs', sent, { headers: kind === 'json' ? json : protobuf });
        await answer.arrayBuffer();
        assert.ok([200, 400].includes(answer.status), String(answer.status));
        for (const { usage } of booked.splice(0)) {
          assert.ok(Object.values(usage).every((tokens) => Number.isSafeInteger(tokens) && tokens >= 0));
        }
      }),
      { numRuns: 150 },
    );
  });
});

describe('LogsIntake.mayReport', () => {
  it('lets observed sessions report, and for a minute after their end', () => {
    const clock = new FakeClock(1_000_000);
    const nothing = {
      book: () => Promise.resolve(true),
      observe: () => Promise.resolve(),
      heard: () => undefined,
      accountTold: () => Promise.resolve(),
      trouble: () => undefined,
    };
    const logs = new LogsIntake(nothing, (account) => account, clock);
    const ended = (endedAt: number) =>
      ({
        kind: 'ended',
        session: { ...liveSession, state: 'ended', endedAt, endReason: 'process-ended' },
      }) as const;
    assert.equal(logs.mayReport({ kind: 'live', session: { ...liveSession, state: 'active' } }), true);
    assert.equal(logs.mayReport(ended(940_000)), true);
    assert.equal(logs.mayReport(ended(939_999)), false);
    assert.equal(logs.mayReport({ kind: 'live', session: { ...liveSession, mode: 'routed', state: 'active' } }), false);
  });
});
