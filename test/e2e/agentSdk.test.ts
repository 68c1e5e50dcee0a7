import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import * as z from 'zod';
import { apiKeyPlan } from '../../src/core/plan.ts';
import { startSimulatedUpstream, type SimulatedUpstream } from '../fakes/simulatedUpstream.ts';
import { queryAgent } from './agentSdk.ts';
import { quietClaudeEnvironment } from './claudeRun.ts';
import { realKey, startEngine, type RunningEngine } from './runningEngine.ts';

const messageSchema = z.looseObject({ type: z.string() });
const resultSchema = z.object({ type: z.literal('result'), subtype: z.literal('success'), result: z.string() });

describe('the Claude Agent SDK through the gateway', function () {
  this.timeout(120_000);
  let upstream: SimulatedUpstream;
  let running: RunningEngine;
  let home: string;

  beforeEach(async () => {
    upstream = await startSimulatedUpstream({ behaviour: { acceptedKeys: [realKey] } });
    running = await startEngine(upstream.url, apiKeyPlan({ tokensPerMinute: 1_000_000 }));
    home = await mkdtemp(path.join(tmpdir(), 'aq home '));
  });
  afterEach(async () => {
    await running.close();
    await upstream.close();
    await rm(home, { recursive: true, force: true, maxRetries: 5 });
  });

  async function environment(): Promise<Record<string, string | undefined>> {
    const { overlay } = await running.open('sdk');
    const set = Object.entries(overlay).map(([name, value]) => [name, value ?? undefined] as const);
    return { PATH: process.env['PATH'], ...quietClaudeEnvironment(home), ...Object.fromEntries(set) };
  }

  it('calls a tool, streams its answer, and is metered as the upstream counts', async () => {
    const input = { command: 'echo hello', description: 'Say hello' };
    upstream.behave({ toolUse: { name: 'Bash', input }, thinking: true });
    const types = new Set<string>();
    let last: unknown;
    const options = { cwd: home, env: await environment(), includePartialMessages: true, allowedTools: ['Bash'] };
    for await (const message of queryAgent('say hi', options)) {
      types.add(messageSchema.parse(message).type);
      last = message;
    }
    assert.match(resultSchema.parse(last).result, /Hello from the simulated upstream/);
    assert.ok(types.has('stream_event') && types.has('user'), [...types].join());
    const { requests, answered429, answered401, faults, ...tokens } = upstream.served().total;
    assert.deepEqual([requests >= 2, answered429, answered401, faults], [true, 0, 0, 0]);
    assert.deepEqual(Object.keys(upstream.served().byKey), [realKey]);
    const { usedToday } = await running.until(({ sessions }) => sessions[0]?.requests === requests);
    assert.deepEqual(usedToday, tokens);
  });

  it('stops the upstream when it is aborted', async () => {
    upstream.behave({ delays: { beforeHeadersMs: 0, betweenEventsMs: 200 }, deltaEvents: 300 });
    const abortController = new AbortController();
    const options = { cwd: home, env: await environment(), includePartialMessages: true, abortController };
    await assert.rejects(async () => {
      for await (const message of queryAgent('say hi', options)) {
        if (messageSchema.parse(message).type === 'stream_event') abortController.abort();
      }
    }, /abort/i);
    await running.until(({ sessions }) => sessions[0]?.runningRequests === 0 && sessions[0].requests === 1, 15_000);
    assert.equal(upstream.requests.find(({ path }) => path.startsWith('/v1/messages'))?.aborted, true);
  });
});
