import assert from 'node:assert/strict';
import { maxSubscriptionPlan } from '../../../src/core/plan.ts';
import { allInputTokens } from '../../../src/core/usage.ts';
import { longInputTokens } from '../../../src/core/usageSum.ts';
import { listPrices } from '../../../src/prices/listPrices.ts';
import { telemetryVariables } from '../../../src/shared/telemetryVariables.ts';
import { startSimulatedUpstream, type SimulatedUpstream } from '../../fakes/simulatedUpstream.ts';
import { runClaude } from '../claudeRun.ts';
import { startEngine, type RunningEngine } from '../runningEngine.ts';
import { bookedRequests } from './bookedRequests.ts';
import { tapTelemetry, type TelemetryTap } from './telemetryTap.ts';

const login = 'sk-ant-oat01-simulated';
const models = ['claude-opus-5-5', 'claude-sonnet-5-5', 'claude-haiku-4-5', 'claude-opus-4-5', 'claude-sonnet-4-5'];
/** Claude Code rounds nothing, and adds up in another order. */
const roundingUsd = 1e-9;

describe('the cost of an observed agent', function () {
  this.timeout(120_000);
  let upstream: SimulatedUpstream;
  let running: RunningEngine;
  let tap: TelemetryTap | undefined;

  beforeEach(async () => {
    upstream = await startSimulatedUpstream({ behaviour: { acceptedKeys: [login] } });
    running = await startEngine(upstream.url, maxSubscriptionPlan({ dailyTokens: 10_000_000 }), {
      terms: { credentials: { kind: 'subscription', source: 'a test', mode: 'observed' } },
    });
  });
  afterEach(async () => {
    await tap?.close();
    await running.close();
    await upstream.close();
  });

  it('is what Claude Code itself says, request by request', async () => {
    const { overlay } = await running.open('agent');
    tap = await tapTelemetry(overlay[telemetryVariables.endpoint] ?? '');
    const direct = { CLAUDE_CODE_OAUTH_TOKEN: login, ANTHROPIC_BASE_URL: upstream.url };
    const environment = { ...overlay, [telemetryVariables.endpoint]: tap.url, ...direct };
    // The last one finds what the first has written to the cache.
    for (const model of [...models, 'claude-opus-5-5']) {
      const run = await runClaude(['-p', 'say hi', '--model', model], environment);
      assert.equal(run.code, 0, run.stderr + run.stdout);
    }
    const { total } = upstream.served();
    await running.until(({ sessions }) => sessions[0]?.requests === total.requests);
    assert.ok(tap.said.length > 0 && !tap.said.join('\n').includes(login), 'nobody is told of the login');
    const told = new Map(tap.costs.map((cost) => [cost.request_id, cost]));
    const booked = bookedRequests(running.storageDirectory);
    assert.deepEqual(new Set(booked.map(({ model }) => model)), new Set(models));
    assert.ok(booked.some(({ usage }) => usage.cacheReadTokens > 0));
    for (const { requestId, usage, model } of booked) {
      const theirs = told.get(requestId);
      const ours = listPrices.costOf(usage, { model, isLong: allInputTokens(usage) > longInputTokens, isFast: false });
      assert.ok(theirs !== undefined && ours !== undefined, `${requestId} of ${model}`);
      assert.equal(theirs.speed, 'normal');
      assert.ok(Math.abs(theirs.cost_usd - ours) < roundingUsd, `${model}: ${ours} and not ${theirs.cost_usd}`);
    }
  });
});
