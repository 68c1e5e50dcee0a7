import assert from 'node:assert/strict';
import { setTimeout as pause } from 'node:timers/promises';
import Anthropic from '@anthropic-ai/sdk';
import { type ApiKeyPlan, apiKeyPlan } from '../../src/core/plan.ts';
import type { AgentAuth } from '../../src/core/quotaEngine.ts';
import { type EnvironmentOverlay, overlayVariables as names } from '../../src/shared/overlayVariables.ts';
import { startSimulatedUpstream, type SimulatedUpstream } from '../fakes/simulatedUpstream.ts';
import { startPostgresServer, type PostgresServer } from '../support/postgresServer.ts';
import { SharedDatabase } from '../support/sharedDatabase.ts';
import { deliveredUsage } from './deliveredUsage.ts';
import { realKey, startEngine, type RunningEngine } from './runningEngine.ts';

/** How long the database is away. */
const awayMs = 20_000;

/** Two engines that have nothing in common but a real PostgreSQL: two machines. */
describe('two machines that share a quota', function () {
  this.timeout(180_000);
  let server: PostgresServer;
  let database: SharedDatabase;
  let upstream: SimulatedUpstream;
  let machines: RunningEngine[] = [];

  before(async () => {
    server = await startPostgresServer();
  });
  after(() => server.stop());

  async function begin(limits: Partial<ApiKeyPlan>): Promise<[RunningEngine, RunningEngine]> {
    database = await SharedDatabase.make(Date.now(), server);
    await database.runClock();
    const { host, port, database: name, user, password } = database.address();
    const sharedLedger = {
      whenAway: { kind: 'safe-share', forMs: 10 * 60_000 },
      hideNames: false,
      addressCommand: `echo postgres://${user}:${password ?? ''}@${host}:${port}/${name}`,
    } as const;
    const { requestsPerMinute } = limits;
    upstream = await startSimulatedUpstream({
      behaviour: { acceptedKeys: [realKey], limits: requestsPerMinute === undefined ? {} : { requestsPerMinute } },
    });
    const start = (engineId: string): Promise<RunningEngine> =>
      startEngine(upstream.url, apiKeyPlan({ concurrentAgents: 5, ...limits }), { engineId, sharedLedger });
    const [one, two] = [await start('one'), await start('two')];
    machines = [one, two];
    return [one, two];
  }

  afterEach(async () => {
    for (const machine of machines) await machine.close();
    machines = [];
    await upstream.close();
    await database.close();
  });

  const tryOpen = (machine: RunningEngine, agentId: string, waitMs = 0): Promise<AgentAuth> =>
    machine.engine.setupClaudeAgentAuth({ ticket: `${agentId} ${Math.random()}`, agentId, waitMs });

  function sdk(overlay: EnvironmentOverlay): Anthropic {
    const [apiKey, baseURL] = [overlay[names.anthropicApiKey], overlay[names.anthropicBaseUrl]];
    assert.ok(apiKey && baseURL);
    return new Anthropic({ apiKey, baseURL, maxRetries: 0, timeout: 150_000 });
  }

  const body = { model: 'claude-opus-5-5', max_tokens: 64, messages: [{ role: 'user' as const, content: 'hi' }] };

  async function planIdOf(): Promise<string> {
    const { rows } = await database.admin.query<{ plan_id: string }>('SELECT plan_id FROM agent_quota.plan');
    assert.equal(rows.length, 1, 'both machines have the same plan');
    return rows[0]?.plan_id ?? '';
  }

  it('have five slots together, and one that is freed goes to the other machine', async () => {
    const [one, two] = await begin({});
    const held = [];
    for (const agentId of ['a', 'b', 'c']) held.push(await one.open(agentId));
    for (const agentId of ['d', 'e']) await two.open(agentId);
    for (const machine of [one, two]) assert.notEqual((await tryOpen(machine, 'too many')).kind, 'authenticated');
    const waits = tryOpen(two, 'f', 20_000);
    await pause(500);
    await one.engine.releaseSession(held[0]?.sessionId ?? '');
    assert.equal((await waits).kind, 'authenticated');
    assert.notEqual((await tryOpen(one, 'too many')).kind, 'authenticated');
  });

  // Some fifty seconds of `npm run test:long`; the unit tests' properties of leases say the same of a fake clock.
  if ((process.env['AGENT_QUOTA_LONG'] ?? '') !== '')
    it('stay under the limit together: the strict upstream answers no 429, and all that was used is delivered', async () => {
      const [one, two] = await begin({ requestsPerMinute: 60 });
      const clients = [await one.open('a'), await two.open('b')].map(({ overlay }) => sdk(overlay));
      const answers = clients.flatMap((client) => Array.from({ length: 35 }, () => client.messages.create(body)));
      for (const answer of await Promise.all(answers)) assert.equal(answer.type, 'message');
      const { requests, answered429 } = upstream.served().total;
      assert.deepEqual([requests, answered429], [70, 0]);
      await deliveredUsage(database, await planIdOf(), upstream.served().total);
    });

  it('go on while the database is away in the middle of a stream, and nothing is lost or counted twice', async () => {
    const [one, two] = await begin({ requestsPerMinute: 120 });
    const clients = [await one.open('a'), await two.open('b')].map(({ overlay }) => sdk(overlay));
    for (const client of clients) await client.messages.create(body);
    const planId = await planIdOf();
    upstream.behave({ faults: [{ kind: 'slow', betweenEventsMs: 3000 }] });
    const stream = await clients[0]?.messages.create({ ...body, stream: true });
    assert.ok(stream);
    let events = 0;
    let isOver = false;
    const read = (async () => {
      for await (const { type } of stream) {
        events += 1;
        isOver = type === 'message_stop';
      }
    })();
    while (events === 0) await pause(50);
    await server.stop();
    const awayAt = Date.now();
    assert.equal(isOver, false, 'the stream is under way when the database goes');
    let answered = 0;
    while (Date.now() - awayAt < awayMs) {
      for (const client of clients) assert.equal((await client.messages.create(body)).type, 'message');
      answered += clients.length;
      await pause(2000);
    }
    assert.ok(answered >= 6, `${answered} requests were answered meanwhile`);
    await read;
    assert.ok(isOver, 'the stream came to its end');
    await server.start();
    for (const client of clients) await client.messages.create(body);
    await deliveredUsage(database, planId, upstream.served().total);
    assert.equal(upstream.served().total.answered429, 0);
  });
});
