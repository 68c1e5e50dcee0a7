import assert from 'node:assert/strict';
import { maxSubscriptionPlan } from '../../src/core/plan.ts';
import type { EnvironmentOverlay } from '../../src/shared/overlayVariables.ts';
import { startAnthropicStandIn } from '../fakes/anthropicStandIn.ts';
import type { ServedRequest } from '../fakes/servedLog.ts';
import { startSimulatedUpstream } from '../fakes/simulatedUpstream.ts';
import type { UnifiedWindows } from '../fakes/upstreamBehaviour.ts';
import { runClaude } from './claudeRun.ts';
import { startEngineProcess } from './engineProcess.ts';
import { differences, givenUp, requestParts } from './requestParts.ts';
import { type EngineTerms, startEngine } from './runningEngine.ts';

/** Stands for the login of a user; no file, log line or message of ours may ever hold it. */
const login = 'sk-ant-oat01-the-login-of-a-user-that-nobody-may-keep-LOGIN';
const withLogin = { CLAUDE_CODE_OAUTH_TOKEN: login };
const resetsAt = Math.round(Date.now() / 1000) + 3600;
const unified: UnifiedWindows = {
  fiveHour: { utilization: 0.235, resetsAt, status: 'allowed' },
  sevenDay: { utilization: 0.5, resetsAt: resetsAt + 86_400, status: 'allowed' },
};
const plan = maxSubscriptionPlan({ dailyTokens: 10_000_000 });
const routedTo = (baseUrl: string): EngineTerms => ({
  credentials: { kind: 'subscription', source: 'CLAUDE_CODE_OAUTH_TOKEN', mode: 'routed', baseUrl },
});

/** What Claude Code keeps for its own address beside what it keeps there of requests with a key. */
const givenUpWithLogin = ['- beta tool-provenance-2026-10-26'];
/** Likewise, and the names of tools that it lets the model look up. */
const bodyParts = /^(?:- body\.diagnostics\.|~ body\.messages\.1\.content\.0\.text$)/;

describe('a routed login, with the real Claude Code CLI', function () {
  this.timeout(120_000);
  const opened: { close(): Promise<void> }[] = [];
  afterEach(async () => {
    for (const each of opened.splice(0).reverse()) await each.close();
  });

  it('is sent as it is sent directly, header by header', async () => {
    const upstream = await startSimulatedUpstream({ keepBodies: true, behaviour: { acceptedKeys: [login], unified } });
    opened.push(upstream);
    const standIn = await startAnthropicStandIn(upstream);
    opened.push(standIn);
    const messagesOf = async (overlay: EnvironmentOverlay): Promise<readonly ServedRequest[]> => {
      const before = upstream.requests.length;
      const run = await runClaude(['-p', 'say hi', '--output-format', 'json'], {
        ...withLogin,
        // As users have it, so that both runs may ask for what they like.
        CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '',
        ...overlay,
      });
      assert.equal(run.code, 0, run.stdout + run.stderr);
      return upstream.requests.slice(before).filter(({ path }) => path.startsWith('/v1/messages'));
    };
    const direct = await messagesOf(standIn.environment);
    const engine = await startEngineProcess('https://api.anthropic.com', standIn.environment, 'login');
    opened.push(engine);
    const routed = await messagesOf(engine.overlay);
    assert.ok(direct.length > 0);
    assert.equal(routed.length, direct.length);
    for (const request of [...direct, ...routed]) {
      assert.equal(request.headers.authorization, `Bearer ${login}`);
      assert.equal(request.headers['x-api-key'], undefined);
      assert.match(String(request.headers['anthropic-beta']), /oauth-2025-04-20/);
      assert.match(request.path, /^\/v1\/messages/);
    }
    for (const [index, request] of direct.entries()) {
      const other = routed[index] ?? assert.fail('It was not sent.');
      const found = differences(requestParts(request), requestParts(other));
      const [inHeaders, inBody, inSystem] = [/^. (?:header|beta) /, /^. body/, /^. (?:system|attribution) /].map(
        (part) => found.filter((difference) => part.test(difference) && !givenUp.includes(difference)),
      );
      assert.deepEqual(inSystem, []);
      assert.deepEqual(inHeaders, givenUpWithLogin);
      assert.ok(
        inBody?.every((difference) => bodyParts.test(difference)),
        inBody?.join(),
      );
    }
    assert.deepEqual(standIn.strangers, []);
  });

  it('is metered, shows the subscription’s windows, and is kept nowhere', async () => {
    const upstream = await startSimulatedUpstream({ behaviour: { acceptedKeys: [login], unified } });
    opened.push(upstream);
    const running = await startEngine(upstream.url, plan, { terms: routedTo(upstream.url) });
    opened.push(running);
    const auth = await running.open('subscriber');
    assert.equal(auth.mode, 'routed');
    const { overlay } = auth;
    assert.ok(!('CLAUDE_CODE_OAUTH_TOKEN' in overlay) && overlay['ANTHROPIC_API_KEY'] === null);
    const run = await runClaude(['-p', 'say hi'], { ...withLogin, ...overlay });
    assert.equal(run.code, 0, run.stderr);
    assert.match(run.stdout, /Hello from the simulated upstream/);
    const served = upstream.served();
    assert.deepEqual(Object.keys(served.byKey), [login]);
    const { sessions, status, health } = await running.until(
      (snapshot) => snapshot.sessions[0]?.runningRequests === 0 && snapshot.sessions[0].requests > 0,
    );
    assert.equal(sessions[0]?.usage.outputTokens, served.total.outputTokens);
    assert.equal(sessions[0].usage.inputTokens, served.total.inputTokens);
    const shares = status.limits.map(({ dimension, percentage }) => [dimension, percentage]);
    assert.deepEqual(
      shares.filter(([dimension]) => dimension === 'fiveHour' || dimension === 'sevenDay'),
      [
        ['fiveHour', 23.5],
        ['sevenDay', 50],
      ],
    );
    assert.ok(health.healthy);
    const said = JSON.stringify([await running.engine.snapshot(), running.problems, auth]);
    const token = /\/s\/(.+)$/.exec(overlay['ANTHROPIC_BASE_URL'] ?? '')?.[1] ?? assert.fail('It has no token.');
    assert.ok(running.everythingWritten().includes('subscriber'), 'what is looked through is the ledger');
    assert.ok(!running.everythingWritten().includes(token));
    assert.ok(!`${running.everythingWritten()}${said}`.includes('LOGIN'));
  });

  it('that is rejected is the agent’s matter: other agents go on, and nothing of ours is said to be wrong', async () => {
    const upstream = await startSimulatedUpstream({ behaviour: { acceptedKeys: ['another'], unified } });
    opened.push(upstream);
    const running = await startEngine(upstream.url, plan, { terms: routedTo(upstream.url) });
    opened.push(running);
    const { overlay } = await running.open('subscriber');
    const answer = await fetch(`${overlay['ANTHROPIC_BASE_URL'] ?? ''}/v1/messages`, {
      method: 'POST',
      headers: { authorization: `Bearer ${login}`, 'anthropic-version': '2023-06-01' },
      body: '{}',
    });
    assert.equal(answer.status, 401);
    const { health } = await running.engine.snapshot();
    assert.deepEqual(health.problems, []);
    await running.open('next');
    assert.ok(!running.everythingWritten().includes('LOGIN'));
  });
});
