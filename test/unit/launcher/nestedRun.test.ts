import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type ControlServer, startControlServer } from '../../../src/control/controlServer.ts';
import type { EngineAddress } from '../../../src/launcher/engineAddress.ts';
import { FakeSessions, fakeProcessTable, noSlot } from '../control/fakeSessions.ts';
import { createMemoryLogger } from '../control/memoryLogger.ts';
import { agentScript, keepSecret, startLauncher, testSecret } from './startedLauncher.ts';

const token = 'sk-aq-abc-agent-quota-session';
const parent = {
  ANTHROPIC_API_KEY: token,
  ANTHROPIC_AUTH_TOKEN: token,
  ANTHROPIC_BASE_URL: 'http://127.0.0.1:1',
  CLAUDE_BASE_URL: 'http://127.0.0.1:1',
  CLAUDE_AGENT_ID: 'parent',
  CLAUDE_SESSION_ID: 'the-parents',
};
const source = `console.log(JSON.stringify(${JSON.stringify(Object.keys(parent))}.flatMap((name) => process.env[name] || [])))`;

describe('an agent that is started in a session', () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(path.join(tmpdir(), 'nested '));
    await keepSecret(directory);
  });
  afterEach(() => rm(directory, { recursive: true }));

  const started = async (
    args: readonly string[],
    engine: EngineAddress | undefined,
    environment: Record<string, string> = parent,
  ): Promise<[variables: unknown, said: string]> => {
    const { stdout, stderr } = await startLauncher(args, engine, environment).end;
    return [JSON.parse(stdout), stderr];
  };
  const own = /not in the session that it was started in, and may need a key or login of its own\.\n$/;

  it('has nothing of it where no engine answers, and is told so', async () => {
    const [variables, said] = await started(agentScript(source), { home: directory });
    assert.deepEqual(variables, []);
    assert.match(said, /This agent runs without quota: /);
    assert.match(said, own);
    const theirs = { ANTHROPIC_API_KEY: 'my own', CLAUDE_AGENT_ID: 'my own' };
    const [kept, saidOfIt] = await started(agentScript(source), { home: directory }, theirs);
    assert.deepEqual(kept, ['my own', 'my own']);
    assert.doesNotMatch(saidOfIt, own);
  });

  it('has nothing of it where its own is without quota', async () => {
    const sessions = new FakeSessions();
    sessions.answer = ({ agentId }, sessionId) =>
      Promise.resolve({ kind: 'unauthenticated', agentId, sessionId, overlay: {}, reason: noSlot });
    const server: ControlServer = await startControlServer({
      directory,
      platform: process.platform,
      secret: testSecret,
      sessions,
      queries: () => undefined,
      processTable: fakeProcessTable,
      logger: createMemoryLogger(),
    });
    try {
      const engine = { socket: server.address, home: directory };
      const [variables, said] = await started(agentScript(source), engine);
      assert.deepEqual(variables, []);
      assert.match(said, own);
    } finally {
      await server.close();
    }
  });

  it('stays in it as the user’s claude, and where it cannot be asked for another', async () => {
    const [first] = await started(['run', '--shim', ...agentScript(source).slice(1)], { home: directory });
    assert.deepEqual(first, Object.values(parent));
    const [second, said] = await started(agentScript(source), undefined);
    assert.deepEqual(second, Object.values(parent));
    assert.match(said, /shares the session/);
  });
});
