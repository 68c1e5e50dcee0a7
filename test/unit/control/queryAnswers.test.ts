import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { ControlQueries } from '../../../src/control/controlQueries.ts';
import { type ControlServer, startControlServer } from '../../../src/control/controlServer.ts';
import { noUsage } from '../../../src/core/usage.ts';
import { answerSchema, longestAnswer, type QueryAnswer } from '../../../src/shared/launcherAnswers.ts';
import { longestLine } from '../../../src/shared/launcherLines.ts';
import { toLauncherSchema } from '../../../src/shared/engineMessages.ts';
import { sampleNow, sampleSession, sampleSnapshot } from '../vscode/samples.ts';
import { FakeQueries } from './fakeQueries.ts';
import { FakeSessions, fakeProcessTable, noSlot } from './fakeSessions.ts';
import { createMemoryLogger } from './memoryLogger.ts';
import { connectRaw, hello } from './rawClient.ts';

describe('queries at the control socket', () => {
  let directory: string;
  let engine: FakeQueries;
  let queries: ControlQueries | undefined;
  let sessions: FakeSessions;
  let server: ControlServer;
  const logger = createMemoryLogger();

  /** @returns what is said after `welcome`, until the connection ends. */
  const said = async (...messages: object[]): Promise<Record<string, unknown>[]> => {
    const client = await connectRaw(server.address);
    client.send(hello(), ...messages);
    assert.equal((await client.next())?.['type'], 'welcome');
    const all: Record<string, unknown>[] = [];
    for (let next = await client.next(); next !== undefined; next = await client.next()) all.push(next);
    return all;
  };
  /** @returns the one answer, as a launcher reads it. */
  const ask = async (query: object): Promise<QueryAnswer> => {
    const [first, ...more] = await said({ type: 'query', ...query });
    assert.deepEqual(more, []);
    const message = toLauncherSchema.parse(first);
    if (message.type !== 'answer') assert.fail(`${message.type} instead of an answer`);
    return answerSchema.parse(message.answer);
  };
  const subagents = (count: number): Parameters<typeof sampleSession>[0] => ({
    subagents: Array.from({ length: count }, (_, index) => ({
      subagentId: `subagent-${index}`,
      parentId: index % 2 === 0 ? undefined : `subagent-${index - 1}`,
      requests: index,
      usage: { ...noUsage, outputTokens: index },
      lastAt: sampleNow + index,
    })),
  });

  beforeEach(async () => {
    directory = await mkdtemp(path.join(tmpdir(), 'with space '));
    engine = new FakeQueries();
    queries = engine;
    sessions = new FakeSessions();
    server = await startControlServer({
      directory,
      platform: process.platform,
      secret: 'the secret',
      sessions,
      queries: () => queries,
      processTable: fakeProcessTable,
      logger,
    });
  });
  afterEach(async () => {
    await server.close();
    await rm(directory, { recursive: true });
  });

  it('tells the status, and ends the connection', async () => {
    const line = [{ ticket: 't', agentId: 'builder', place: 1, waitingSince: sampleNow - 1000 }];
    const health = { healthy: false, activeAgents: 1, quotaPercentage: 42.5, problems: [noSlot] };
    const session = sampleSession(subagents(2));
    engine.shown = sampleSnapshot({ line, health, sessions: [session] });
    const { at, plan, status, gatewayUrl, ledger } = engine.shown;
    const answer = await ask({ what: 'status' });
    const none = { input: 0, cacheWrite5m: 0, cacheWrite1h: 0, cacheRead: 0, output: 0, total: 0 };
    assert.deepEqual(answer, {
      what: 'status',
      at,
      plan,
      gatewayUrl,
      ledger,
      healthy: false,
      problems: [noSlot],
      percentage: status.percentage,
      limits: status.limits,
      pausedModels: [],
      usedToday: { ...none, input: 1_234_567, total: 1_234_567 },
      sessions: [
        {
          sessionId: 'session-1',
          agentId: 'agent-1',
          state: 'active',
          mode: 'routed',
          workspace: 'shop',
          pid: 4711,
          createdAt: session.createdAt,
          lastActivityAt: session.lastActivityAt,
          requests: 7,
          runningRequests: 0,
          waitingRequests: 0,
          tokens: { ...none, input: 12_000, cacheRead: 300, output: 45, total: 12_345 },
          subagents: [
            { subagentId: 'subagent-0', requests: 0, tokens: none, lastActivityAt: sampleNow },
            {
              subagentId: 'subagent-1',
              parentId: 'subagent-0',
              requests: 1,
              tokens: { ...none, output: 1, total: 1 },
              lastActivityAt: sampleNow + 1,
            },
          ],
          subagentsLeftOut: 0,
        },
      ],
      line: [{ agentId: 'builder', place: 1, waitingSince: sampleNow - 1000 }],
    });
  });

  it('tells which sessions are paused, have a weight, and were started by another', async () => {
    const pausedAt = sampleNow - 2000;
    const steered = sampleSession({ sessionId: 'steered', pausedAt, weight: 0.5, parentSessionId: 'session-1' });
    engine.shown = sampleSnapshot({ sessions: [sampleSession(), steered] });
    const answer = await ask({ what: 'status' });
    const told = answer.what === 'status' ? answer.sessions : [];
    assert.deepEqual(
      told.map(({ paused, pausedAt: since, weight, parentSessionId }) => [paused, since, weight, parentSessionId]),
      [
        [undefined, undefined, undefined, undefined],
        [true, pausedAt, 0.5, 'session-1'],
      ],
    );
  });

  it('tells hundreds of sessions with their subagents in one answer', async () => {
    const many = Array.from({ length: 300 }, (_, index) =>
      sampleSession({ ...subagents(20), sessionId: `session-${index}` }),
    );
    engine.shown = sampleSnapshot({ sessions: many });
    const answer = await ask({ what: 'status' });
    assert.ok(answer.what === 'status' && JSON.stringify(answer).length > longestLine);
    assert.equal(answer.sessions.length, 300);
    assert.ok(answer.sessions.every((session) => session.subagents.length === 20 && session.subagentsLeftOut === 0));
  });

  it('tells of too many subagents the ones that were active last, and how many it does not tell', async () => {
    engine.shown = sampleSnapshot({ sessions: [sampleSession(subagents(20_300))] });
    const answer = await ask({ what: 'status' });
    const [session] = answer.what === 'status' ? answer.sessions : [];
    assert.equal(session?.subagents.length, 20_000);
    assert.equal(session.subagents[0]?.subagentId, 'subagent-300');
    assert.equal(session.subagentsLeftOut, 300);
  });

  it('says so when there is more to tell than fits', async () => {
    engine.shown = sampleSnapshot({ sessions: [sampleSession({ workspace: 'x'.repeat(longestAnswer) })] });
    const [first] = await said({ type: 'query', what: 'status' });
    assert.deepEqual(first, { type: 'error', message: 'there is more to tell than fits an answer' });
  });

  it('tests the credentials', async () => {
    assert.deepEqual(await ask({ what: 'test' }), { what: 'test', test: engine.test });
    engine.test = { kind: 'fails', problem: noSlot };
    assert.deepEqual(await ask({ what: 'test' }), { what: 'test', test: engine.test });
  });

  it('cleans up, and says what that changed', async () => {
    const ended = { ...sampleSession(), state: 'ended', endedAt: sampleNow, endReason: 'process-ended' } as const;
    engine.cleaned = { changed: [ended], inactivityMs: 60_000 };
    const answer = await ask({ what: 'cleanup' });
    assert.ok(answer.what === 'cleanup' && answer.inactivityMs === 60_000);
    assert.deepEqual(
      answer.changed.map(({ sessionId, state }) => [sessionId, state]),
      [['session-1', 'ended']],
    );
    assert.deepEqual(engine.calls, ['cleanUp']);
  });

  it('releases the one session that is meant, and none where more may be', async () => {
    const named = (sessionId: string, agentId: string) => sampleSession({ sessionId, agentId });
    engine.shown = sampleSnapshot({
      sessions: [named('abc1', 'reviewer'), named('abc2', 'builder'), named('abc', 'builder'), named('xyz', 'abc1')],
    });
    const resultOf = async (id: string): Promise<unknown> => {
      const answer = await ask({ what: 'release', id });
      if (answer.what !== 'release') assert.fail();
      const { result } = answer;
      if (result.kind === 'released') return result.session.sessionId;
      return result.kind === 'notFound' ? result.kind : result.candidates.map(({ sessionId }) => sessionId);
    };
    assert.equal(await resultOf('x'), 'xyz', 'the beginning of an id');
    assert.equal(await resultOf('abc1'), 'abc1', 'an id goes before an agent of that name');
    assert.equal(await resultOf('abc'), 'abc', 'an id goes before others that begin with it');
    assert.equal(await resultOf('reviewer'), 'abc1', 'the name of an agent');
    assert.deepEqual(engine.calls.splice(0), ['release xyz', 'release abc1', 'release abc', 'release abc1']);
    assert.deepEqual(await resultOf('ab'), ['abc1', 'abc2', 'abc']);
    assert.deepEqual(await resultOf('builder'), ['abc2', 'abc']);
    assert.equal(await resultOf('review'), 'notFound', 'the beginning of a name is nobody’s');
    assert.deepEqual(engine.calls, []);
  });

  it('says that a session had ended when it has by now', async () => {
    const { shown } = engine;
    engine.snapshot = () => {
      const before = engine.shown;
      engine.shown = sampleSnapshot({ sessions: [] });
      return Promise.resolve(before);
    };
    assert.equal(shown.sessions.length, 1);
    const answer = await ask({ what: 'release', id: 'session-1' });
    assert.deepEqual(answer, { what: 'release', result: { kind: 'notFound' } });
  });

  it('names a few of very many candidates, and says how many there are', async () => {
    const many = Array.from({ length: 300 }, (_, index) => sampleSession({ sessionId: `session-${index}` }));
    engine.shown = sampleSnapshot({ sessions: many });
    const answer = await ask({ what: 'release', id: 'agent-1' });
    const result = answer.what === 'release' ? answer.result : undefined;
    assert.ok(result?.kind === 'ambiguous' && result.count === 300 && result.candidates.length === 20);
  });

  it('has nothing to tell before the window has told its engine the settings', async () => {
    queries = undefined;
    const [first, ...more] = await said({ type: 'query', what: 'status' });
    assert.equal(first?.['type'], 'error');
    assert.match(String(first['message']), /just started.*try again/);
    assert.deepEqual(more, []);
  });

  it('survives an engine that fails, and tells nothing of the cause', async () => {
    engine.failure = new Error('broken inside');
    const [first] = await said({ type: 'query', what: 'status' });
    assert.deepEqual(first, { type: 'error', message: 'the engine failed; the log of Agent Quota says why' });
    assert.match(logger.lines.join('\n'), /broken inside/);
    engine.failure = undefined;
    assert.equal((await ask({ what: 'status' })).what, 'status');
  });

  it('does nothing for who asks what there is not, asks twice, or asks in a session', async () => {
    for (const query of [{ what: 'shutdown' }, { what: 'release' }, { what: 'release', id: '' }, {}]) {
      const [first] = await said({ type: 'query', ...query });
      assert.equal(first?.['type'], 'error', JSON.stringify(query));
    }
    const cleanup = { type: 'query', what: 'cleanup' };
    await said({ type: 'open', agentId: 'a' }, cleanup);
    assert.deepEqual(engine.calls, []);
    await said(cleanup, cleanup);
    assert.deepEqual(engine.calls, ['cleanUp']);
  });

  it('answers nobody without the secret', async () => {
    const client = await connectRaw(server.address);
    client.send(hello({ secret: 'another' }), { type: 'query', what: 'cleanup' });
    assert.equal((await client.next())?.['type'], 'error');
    assert.equal(await client.next(), undefined);
    assert.deepEqual(engine.calls, []);
  });
});
