import assert from 'node:assert/strict';
import { withoutQuotaCode } from '../../../src/shared/launcherLines.ts';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { type ControlServer, startControlServer } from '../../../src/control/controlServer.ts';
import { requestSession, type SessionAnswer } from '../../../src/launcher/sessionRequest.ts';
import { FakeSessions, fakeProcessTable, noSlot } from '../control/fakeSessions.ts';
import { createMemoryLogger } from '../control/memoryLogger.ts';
import { keepSecret, testSecret } from './startedLauncher.ts';

describe('a launcher that waits in line', () => {
  let directory: string;
  let sessions: FakeSessions;
  let server: ControlServer;
  let lost: number;

  const start = (secret: string, address?: string, its = sessions): Promise<ControlServer> =>
    startControlServer({
      directory,
      platform: process.platform,
      secret,
      sessions: its,
      queries: () => undefined,
      processTable: fakeProcessTable,
      logger: createMemoryLogger(),
      ...(address === undefined ? {} : { address }),
    });
  let onWaiting: () => void;
  /** Tells the launcher to wait, and waits until it has heard. */
  const tellToWait = async (): Promise<void> => {
    const told = new Promise<void>((resolve) => (onWaiting = resolve));
    await sessions.called('open a');
    sessions.moveLine(1, ['x']);
    await told;
  };
  /** Asks for a session, and is told to wait. */
  const wait = async (
    patience = Array<number>(40).fill(25),
    onReload?: () => void,
  ): Promise<{ answer: Promise<SessionAnswer> }> => {
    const request = {
      engine: { socket: server.address, home: directory },
      pid: process.pid,
      agentId: 'a',
      onWaiting: () => {
        onWaiting();
      },
      onLost: () => {
        lost += 1;
      },
      ...(onReload !== undefined && { onReload }),
    };
    const answer = requestSession(request, patience);
    await tellToWait();
    return { answer };
  };

  beforeEach(async () => {
    directory = await mkdtemp(path.join(tmpdir(), 'line '));
    sessions = new FakeSessions();
    sessions.answer = () => new Promise(() => undefined);
    await keepSecret(directory);
    server = await start(testSecret);
    lost = 0;
  });
  afterEach(async () => {
    await server.close();
    await rm(directory, { recursive: true });
  });

  it('is never told to run without quota when the engine goes for good', async () => {
    const { answer } = await wait([10, 20, 40, 80]);
    await server.close();
    const refused = await answer;
    assert.ok(refused.kind === 'refused');
    assert.match(refused.problem.message, /not started.*place in line is lost: the window .* is not running/);
    assert.match(refused.problem.nextStep, /Start it again/);
    assert.equal(lost, 1);
  });

  it('is in its own window’s line again after that was reloaded, whatever others there are', async () => {
    const others = new FakeSessions();
    const other = await start(testSecret, undefined, others);
    const { answer } = await wait(undefined, () => undefined);
    await server.close();
    await pause(300);
    sessions = new FakeSessions();
    server = await start(testSecret, server.address);
    const given = await answer;
    assert.ok(given.kind === 'session');
    assert.deepEqual([others.calls, lost], [[], 1]);
    given.connection.close();
    await other.close();
  });

  it('is never told to run without quota when another engine refuses it', async () => {
    const { answer } = await wait();
    await server.close();
    server = await start('another secret', server.address);
    const refused = await answer;
    assert.ok(refused.kind === 'refused');
    assert.match(refused.problem.message, /not started.*opened for another engine/);
  });

  it('takes no session without quota, and gives it back', async () => {
    const { answer } = await wait();
    await server.close();
    sessions = new FakeSessions();
    sessions.answer = ({ agentId }, sessionId) =>
      Promise.resolve({ kind: 'unauthenticated', agentId, sessionId, overlay: {}, reason: noSlot });
    server = await start(testSecret, server.address);
    const refused = await answer;
    assert.ok(refused.kind === 'refused');
    assert.equal(refused.problem.message, `The agent was not started. ${noSlot.message}`);
    assert.equal(refused.problem.nextStep, noSlot.nextStep);
    while (sessions.live.size > 0) await sessions.called(`release s${sessions.requests.length}`);
  });

  it('takes one where its user would not wait any longer', async () => {
    const { answer } = await wait();
    await server.close();
    sessions = new FakeSessions();
    const reason = { ...noSlot, code: withoutQuotaCode };
    sessions.answer = ({ agentId }, sessionId) =>
      Promise.resolve({ kind: 'unauthenticated', agentId, sessionId, overlay: {}, reason });
    server = await start(testSecret, server.address);
    const given = await answer;
    assert.ok(given.kind === 'session');
    assert.deepEqual([given.session.authenticated, given.session.problem], [false, reason]);
    given.connection.close();
  });

  it('gets its session from the engine that comes next, over any number of reloads', async () => {
    const { answer } = await wait();
    for (let reload = 1; reload <= 6; reload++) {
      await server.close();
      sessions = new FakeSessions();
      sessions.answer = () => new Promise(() => undefined);
      server = await start(testSecret, server.address);
      await tellToWait();
    }
    await server.close();
    sessions = new FakeSessions();
    server = await start(testSecret, server.address);
    const given = await answer;
    assert.ok(given.kind === 'session');
    assert.equal(lost, 7);
    given.connection.close();
  });
});
