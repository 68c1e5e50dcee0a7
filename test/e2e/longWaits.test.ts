import assert from 'node:assert/strict';
import Anthropic, { RateLimitError } from '@anthropic-ai/sdk';
import { apiKeyPlan, maxSubscriptionPlan, type Plan } from '../../src/core/plan.ts';
import type { AgentAuth } from '../../src/core/quotaEngine.ts';
import { type EnvironmentOverlay, overlayVariables as names } from '../../src/shared/overlayVariables.ts';
import { startSimulatedUpstream, type SimulatedUpstream } from '../fakes/simulatedUpstream.ts';
import { retriesIn, tellingRetries } from './claudeRetries.ts';
import { runClaude } from './claudeRun.ts';
import { realKey, startEngine, type EngineTerms, type RunningEngine } from './runningEngine.ts';

/** Requests that the agent would wait for long, by the real clients. */
describe('requests that cannot be served soon', function () {
  this.timeout(120_000);
  let upstream: SimulatedUpstream;
  let running: RunningEngine;

  async function begin(plan: Plan, terms: EngineTerms = {}): Promise<AgentAuth & { kind: 'authenticated' }> {
    upstream = await startSimulatedUpstream({ behaviour: { acceptedKeys: [realKey] } });
    running = await startEngine(upstream.url, plan, { terms });
    return running.open('agent');
  }

  afterEach(async () => {
    await running.close();
    await upstream.close();
  });

  /** Uses up what the plan has: the next request does not find room. */
  async function useUp(overlay: EnvironmentOverlay): Promise<void> {
    await sdk(overlay, 0).messages.create(body);
    await running.until(({ sessions }) => sessions[0]?.requests === 1 && sessions[0].runningRequests === 0);
  }

  function sdk(overlay: EnvironmentOverlay, maxRetries: number): Anthropic {
    const [apiKey, baseURL] = [overlay[names.anthropicApiKey], overlay[names.anthropicBaseUrl]];
    assert.ok(apiKey && baseURL);
    return new Anthropic({ apiKey, baseURL, maxRetries });
  }

  const body = { model: 'claude-opus-5-5', max_tokens: 64, messages: [{ role: 'user' as const, content: 'hi' }] };

  it('are held for as long as is set, and the CLI then comes back by itself until they are served', async () => {
    // There is room again half a minute after those ahead, which is long after the CLI has asked.
    const auth = await begin(apiKeyPlan({ requestsPerMinute: 2 }), { longestWaitMs: 2000 });
    const ahead = sdk(auth.overlay, 0);
    for (let count = 1; count <= 2; count += 1) await ahead.messages.create(body);
    const run = await runClaude(['-p', 'say hi', ...tellingRetries], auth.overlay);
    assert.equal(run.code, 0, run.stdout + run.stderr);
    const retries = retriesIn(run.stdout);
    assert.ok(retries.length >= 1, 'it was told to come back');
    for (const { error_status, retry_delay_ms } of retries) {
      assert.equal(error_status, 429);
      assert.ok(retry_delay_ms >= 1000, `${retry_delay_ms} ms`);
    }
    assert.equal(upstream.served().total.requests, 3);
    assert.equal(upstream.served().total.answered429, 0);
  });

  it('are held for half of what the SDK waits at most, which then comes back too', async () => {
    const auth = await begin(apiKeyPlan({ requestsPerMinute: 6 }));
    for (let count = 1; count <= 6; count += 1) await sdk(auth.overlay, 0).messages.create(body);
    const startedAt = performance.now();
    const answer = sdk(auth.overlay, 0).messages.create(body, { timeout: 4000 });
    await assert.rejects(answer, (error) => {
      assert.ok(error instanceof RateLimitError, String(error));
      assert.match(error.message, /held this request for 2 seconds/);
      assert.match(error.headers.get('retry-after') ?? '', /^([1-9]|10)$/);
      return true;
    });
    assert.ok(performance.now() - startedAt >= 2000);
    const served = await sdk(auth.overlay, 2).messages.create(body, { timeout: 10_000 });
    assert.equal(served.type, 'message');
  });

  it('are answered at once where waiting does not help, and the CLI says what to do', async () => {
    const auth = await begin(maxSubscriptionPlan({ dailyTokens: 40 }));
    await useUp(auth.overlay);
    const run = await runClaude(['-p', 'say hi'], auth.overlay);
    assert.equal(run.code, 1);
    assert.match(run.stdout, /Request rejected \(429\).*tokens of today do not suffice.*raise the daily tokens/);
    assert.ok(run.milliseconds < 60_000, `it took ${run.milliseconds} ms`);
    assert.equal(upstream.served().total.requests, 1, 'nothing more reached the upstream');
    const refused = sdk(auth.overlay, 2).messages.create(body);
    await assert.rejects(refused, (error) => {
      assert.ok(error instanceof RateLimitError, String(error));
      assert.equal(error.headers.get('x-should-retry'), 'false');
      return true;
    });
  });

  it('are answered at once while the subscription’s window is closed', async () => {
    const auth = await begin(maxSubscriptionPlan({ dailyTokens: 1_000_000 }), { dailyTokens: 'reported' });
    const opensAt = Math.round(Date.now() / 1000) + 3600;
    upstream.behave({
      unified: {
        fiveHour: { utilization: 1, resetsAt: opensAt, status: 'rejected' },
        sevenDay: { utilization: 0.2, resetsAt: opensAt + 86_400, status: 'allowed' },
      },
    });
    await useUp(auth.overlay);
    const run = await runClaude(['-p', 'say hi'], auth.overlay);
    assert.equal(run.code, 1);
    assert.match(run.stdout, /Request rejected \(429\).*usage window is used up.*Go on after/);
    assert.ok(run.milliseconds < 60_000, `it took ${run.milliseconds} ms`);
    assert.equal(upstream.served().total.requests, 1);
  });

  it('are answered at once when their session ends while they wait', async () => {
    const auth = await begin(apiKeyPlan({ requestsPerMinute: 1 }));
    await useUp(auth.overlay);
    const run = runClaude(['-p', 'say hi'], auth.overlay);
    await running.until(({ sessions }) => sessions[0]?.waitingRequests === 1, 20_000);
    await running.engine.releaseSession(auth.sessionId);
    const { code, stdout } = await run;
    assert.equal(code, 1);
    assert.match(stdout, /This session has ended\. Start a new agent terminal/);
    assert.equal(upstream.served().total.requests, 1);
  });
});
