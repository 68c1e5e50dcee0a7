import assert from 'node:assert/strict';
import path from 'node:path';
import Anthropic from '@anthropic-ai/sdk';
import { apiKeyPlan } from '../../src/core/plan.ts';
import { launcherVariables } from '../../src/shared/launcherVariables.ts';
import { overlayVariables as names } from '../../src/shared/overlayVariables.ts';
import { startSimulatedUpstream, type SimulatedUpstream } from '../fakes/simulatedUpstream.ts';
import { repositoryRoot } from '../host/paths.ts';
import { documentSchemas, failureSchema } from '../unit/launcher/documentSchemas.ts';
import { type ClaudeRun, runProgram } from './claudeRun.ts';
import { realKey, type RunningEngine, startEngine } from './runningEngine.ts';

describe('commands of the built launcher, with a running engine', function () {
  this.timeout(120_000);
  let upstream: SimulatedUpstream;
  let running: RunningEngine;
  let control: Record<string, string>;

  const run = (...args: string[]): Promise<ClaudeRun> =>
    runProgram(process.execPath, [path.join(repositoryRoot, 'dist', 'launcher.cjs'), ...args], control);
  const json = async (...args: string[]): Promise<unknown> => JSON.parse((await run(...args, '--json')).stdout);

  beforeEach(async () => {
    upstream = await startSimulatedUpstream({ behaviour: { acceptedKeys: [realKey] } });
    running = await startEngine(upstream.url, apiKeyPlan({ tokensPerMinute: 1_000_000, concurrentAgents: 2 }));
    const { address, home } = await running.engine.launcherEndpoint();
    control = { [launcherVariables.socket]: address, [launcherVariables.home]: home };
  });
  afterEach(async () => {
    await running.close();
    await upstream.close();
  });

  it('show what agents use, and end sessions', async () => {
    const reviewer = await running.open('reviewer');
    const builder = await running.open('builder');
    const late = running.engine.setupClaudeAgentAuth({ ticket: 'late', agentId: 'late' });
    await running.until(({ line }) => line.length === 1);
    const client = new Anthropic({
      apiKey: reviewer.overlay[names.anthropicApiKey] ?? '',
      baseURL: reviewer.overlay[names.anthropicBaseUrl] ?? '',
      defaultHeaders: { 'x-claude-code-agent-id': 'subagent-1' },
    });
    const message = await client.messages.create({
      model: 'claude-opus-5-5',
      max_tokens: 100,
      messages: [{ role: 'user', content: 'Hello' }],
    });
    await running.until(({ sessions }) => sessions.some(({ requests }) => requests === 1));

    const listed = documentSchemas.sessions.parse(await json('sessions'));
    const session = listed.sessions.find(({ sessionId }) => sessionId === reviewer.sessionId);
    assert.deepEqual([session?.requests, session?.tokens.output], [1, message.usage.output_tokens]);
    assert.deepEqual(
      session?.subagents.map(({ subagentId, tokens }) => [subagentId, tokens.output]),
      [['subagent-1', message.usage.output_tokens]],
    );
    assert.deepEqual(
      listed.line.map(({ agentId, place }) => [agentId, place]),
      [['late', 1]],
    );
    const table = await run('sessions');
    assert.match(table.stdout, /^ID .*\n(.*\n)* +└ subagent-1 /);
    assert.match(table.stdout, /\n1 agent waits for a slot: 1\. late \(under 1 min\)\n$/);

    const status = documentSchemas.status.parse(await json('status'));
    assert.ok(status.ok && status.healthy);
    assert.deepEqual([status.slots, status.waitingAgents], [{ limit: 2, used: 2 }, 1]);
    const quota = documentSchemas.quota.parse(await json('quota'));
    const requests = quota.limits.find(({ dimension }) => dimension === 'requestsPerMinute');
    assert.equal(requests?.limit, 60);
    assert.match((await run('quota')).stdout, /\nRequests per minute +░/);

    const released = await run('release', builder.sessionId.slice(0, 6));
    assert.equal(released.code, 0, released.stderr);
    assert.equal((await late).kind, 'authenticated', 'its slot is free');
    assert.equal((await run('release', builder.sessionId)).code, 1, 'it has ended');
    await assert.rejects(
      new Anthropic({
        apiKey: builder.overlay[names.anthropicApiKey] ?? '',
        baseURL: builder.overlay[names.anthropicBaseUrl] ?? '',
        maxRetries: 0,
      }).models.list(),
      { status: 403 },
    );
    const cleaned = documentSchemas.cleanup.parse(await json('cleanup'));
    assert.deepEqual([cleaned.ended, cleaned.idle, cleaned.inactivitySeconds], [[], [], 1800]);
    assert.ok(!table.stdout.includes(realKey));
  });

  it('test the credentials with a real call', async () => {
    const works = await run('test');
    assert.equal(works.code, 0, works.stderr);
    assert.match(
      works.stdout,
      /^The key from ANTHROPIC_API_KEY works: http:\/\/127\.0\.0\.1:\d+ answered in \d+ ms\.\n$/,
    );
    upstream.behave({ acceptedKeys: ['another'] });
    const fails = await run('test', '--json');
    assert.equal(fails.code, 1);
    const document = documentSchemas.test.parse(JSON.parse(fails.stdout));
    assert.ok(!document.ok && document.error.code === 'key-rejected');
    assert.equal((await run('status')).code, 1, 'it is known from then on');
    assert.ok(!fails.stdout.includes(realKey));
  });

  it('say that the window has closed', async () => {
    await running.close();
    const { code, stdout } = await run('status', '--json');
    assert.equal(code, 69);
    const { error } = failureSchema.parse(JSON.parse(stdout));
    assert.match(error.message, /no window with Agent Quota is open/);
  });
});
