import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { type ControlServer, startControlServer } from '../../../src/control/controlServer.ts';
import { longestLine } from '../../../src/shared/launcherLines.ts';
import { FakeSessions, fakeProcessTable, noSlot } from './fakeSessions.ts';
import { createMemoryLogger } from './memoryLogger.ts';
import { connectRaw, hello, type RawClient } from './rawClient.ts';

describe('control server', () => {
  let directory: string;
  let sessions: FakeSessions;
  let server: ControlServer;
  const logger = createMemoryLogger();

  const start = (helloWithinMs?: number): Promise<ControlServer> =>
    startControlServer({
      directory,
      platform: process.platform,
      secret: 'the secret',
      sessions,
      queries: () => undefined,
      processTable: fakeProcessTable,
      logger,
      ...(helloWithinMs === undefined ? {} : { helloWithinMs }),
    });
  const welcomed = async (): Promise<RawClient> => {
    const client = await connectRaw(server.address);
    client.send(hello());
    assert.deepEqual(await client.next(), { type: 'welcome', version: 1 });
    return client;
  };
  const isServed = async (): Promise<void> => {
    const client = await welcomed();
    client.send({ type: 'open', agentId: 'other' });
    assert.equal((await client.next())?.['type'], 'session');
    client.socket.destroy();
  };

  beforeEach(async () => {
    directory = await mkdtemp(path.join(tmpdir(), 'with space '));
    sessions = new FakeSessions();
    server = await start();
  });
  afterEach(async () => {
    await server.close();
    await rm(directory, { recursive: true });
  });

  it('opens a session for the process that asks, and ends it', async () => {
    const client = await welcomed();
    client.send({ type: 'open', agentId: 'reviewer', waitSeconds: 1.5 });
    const answer = { type: 'session', sessionId: 's1', authenticated: true, overlay: {} };
    assert.deepEqual(await client.next(), answer);
    const [request] = sessions.requests;
    assert.equal(request?.waitMs, 1500);
    assert.deepEqual(request.process, { pid: 4711, startMark: 'then' });
    client.send({ type: 'end', sessionId: 's1' });
    await client.closed;
    assert.deepEqual(sessions.calls, ['open reviewer', 'release s1']);
  });

  it('tells the place in line until there is a session', async () => {
    let give: () => void = () => undefined;
    sessions.answer = (request, sessionId) =>
      new Promise((resolve) => {
        give = () => {
          resolve(sessions.session(request, sessionId));
        };
      });
    const client = await welcomed();
    client.send({ type: 'open', agentId: 'a' });
    await sessions.called('open a');
    sessions.moveLine(2, ['x', 'y']);
    assert.deepEqual(await client.next(), { type: 'waiting', place: 2, running: ['x', 'y'] });
    give();
    assert.equal((await client.next())?.['type'], 'session');
    client.socket.destroy();
    await sessions.called('connectionLost s1');
  });

  it('says why there is no session, or no authenticated one', async () => {
    sessions.answer = ({ agentId }) => Promise.resolve({ kind: 'refused', agentId, reason: noSlot });
    const refused = await welcomed();
    refused.send({ type: 'open', agentId: 'a' });
    assert.deepEqual(await refused.next(), { type: 'refused', problem: noSlot });
    await refused.closed;
    sessions.answer = ({ agentId }, sessionId) =>
      Promise.resolve({ kind: 'unauthenticated', agentId, sessionId, overlay: { A: null }, reason: noSlot });
    const bare = await welcomed();
    bare.send({ type: 'open', agentId: 'b' });
    const answer = { type: 'session', sessionId: 's2', authenticated: false, overlay: { A: null }, problem: noSlot };
    assert.deepEqual(await bare.next(), answer);
  });

  it('leaves the line with the launcher, and releases a session that comes too late', async () => {
    let give: () => void = () => undefined;
    sessions.answer = (request, sessionId) =>
      new Promise((resolve) => {
        give = () => {
          resolve(sessions.session(request, sessionId));
        };
      });
    const client = await welcomed();
    client.send({ type: 'open', agentId: 'a' });
    await sessions.called('open a');
    client.socket.destroy();
    await sessions.called('giveUp 1');
    give();
    await sessions.called('release s1');
    assert.ok(!sessions.calls.includes('connectionLost s1'));
  });

  it('hears from a launcher how its own session is observed', async () => {
    const client = await welcomed();
    client.send({ type: 'open', agentId: 'a' });
    await client.next();
    client.send({ type: 'observed', sessionId: 's1', by: 'transcripts' });
    await sessions.called('observed s1 transcripts');
    client.send({ type: 'observed', sessionId: 's2', by: 'telemetry' });
    assert.equal((await client.next())?.['type'], 'error');
    assert.ok(!sessions.calls.includes('observed s2 telemetry'));
  });

  it('lets a launcher resume a live session only', async () => {
    sessions.live.add('s7');
    const client = await welcomed();
    client.send({ type: 'resume', sessionId: 's7' });
    assert.deepEqual(await client.next(), { type: 'resumed', sessionId: 's7', live: true, observerPort: 4711 });
    client.socket.destroy();
    await sessions.called('connectionLost s7');
    const late = await welcomed();
    late.send({ type: 'resume', sessionId: 'gone' });
    assert.deepEqual(await late.next(), { type: 'resumed', sessionId: 'gone', live: false, observerPort: 4711 });
    await late.closed;
    const others = await welcomed();
    others.send({ type: 'resume', sessionId: 'elsewhere' });
    assert.equal(await others.next(), undefined, 'its launcher looks on');
  });

  const nonsense: Readonly<Record<string, string>> = {
    'a wrong secret': JSON.stringify(hello({ secret: 'the secret!' })),
    'another version': JSON.stringify(hello({ version: 2 })),
    'no hello': JSON.stringify({ type: 'open', agentId: 'a' }),
    'no JSON': '{"type":',
    'a second hello': `${JSON.stringify(hello())}\n${JSON.stringify(hello())}`,
    'the end of another session': `${JSON.stringify(hello())}\n${JSON.stringify({ type: 'end', sessionId: 's1' })}`,
    'a bad agent name': `${JSON.stringify(hello())}\n${JSON.stringify({ type: 'open', agentId: 'a b' })}`,
    'a line without end': 'x'.repeat(longestLine + 1),
  };
  for (const [name, text] of Object.entries(nonsense)) {
    it(`closes the connection on ${name}, and serves others`, async () => {
      const client = await connectRaw(server.address);
      client.socket.write(name === 'a line without end' ? text : `${text}\n`);
      let last: Record<string, unknown> | undefined;
      for (let message = await client.next(); message !== undefined; message = await client.next()) last = message;
      assert.equal(last?.['type'], 'error');
      assert.deepEqual(sessions.calls, []);
      await isServed();
    });
  }

  it('never tells or logs the secret', async () => {
    const client = await connectRaw(server.address);
    client.send(hello({ secret: 'guess' }));
    assert.doesNotMatch(JSON.stringify(await client.next()), /the secret|guess/);
    assert.doesNotMatch(logger.lines.join('\n'), /the secret|guess/);
  });

  it('closes on who says nothing', async () => {
    await server.close();
    server = await start(30);
    const client = await connectRaw(server.address);
    assert.equal((await client.next())?.['type'], 'error');
    await client.closed;
  });

  it('survives an engine that fails', async () => {
    sessions.answer = () => Promise.reject(new Error('broken'));
    const client = await welcomed();
    client.send({ type: 'open', agentId: 'a' });
    assert.equal((await client.next())?.['type'], 'error');
    await client.closed;
    assert.match(logger.lines.join('\n'), /broken/);
  });

  it('ends connections but no sessions when it closes', async () => {
    const client = await welcomed();
    client.send({ type: 'open', agentId: 'a' });
    assert.equal((await client.next())?.['type'], 'session');
    await server.close();
    await client.closed;
    assert.deepEqual(sessions.calls, ['open a']);
    assert.equal(sessions.listeners, 0);
    server = await start();
  });

  it('outlives random bytes, before and after hello', async () => {
    const line = fc.oneof(
      fc.uint8Array({ maxLength: 300 }),
      fc.json().map((text) => Buffer.from(`${text}\n`)),
      fc
        .record({ type: fc.constantFrom('hello', 'open', 'resume', 'end'), sessionId: fc.anything() })
        .map((message) => Buffer.from(`${JSON.stringify(message)}\n`)),
    );
    await fc.assert(
      fc.asyncProperty(fc.boolean(), fc.array(line, { maxLength: 5 }), async (greeted, pieces) => {
        const client = await connectRaw(server.address);
        if (greeted) client.send(hello());
        for (const piece of pieces) client.socket.write(piece);
        client.socket.end();
        await client.closed;
      }),
      { numRuns: 100 },
    );
    sessions.answer = undefined;
    await isServed();
  });
});
