import assert from 'node:assert/strict';
import { apiKeyPlan, maxSubscriptionPlan } from '../../../src/core/plan.ts';
import { needsClaudeAuth } from '../../../src/core/claudeModel.ts';
import { restoredVariables } from '../../../src/shared/restoredVariables.ts';
import { settled } from '../../fakes/fakeClock.ts';
import { tokens } from '../ledger/ledgerTester.ts';
import { apiKey, CoordinatorTester, fails, gatewayUrl, realKey, subscription, windowPid } from './coordinatorTester.ts';
import { report } from '../ledger/reports.ts';
import { outcome } from './managerTester.ts';

describe('agent auth coordinator', () => {
  it('sets up a routed agent with the whole overlay, and the real key nowhere in it', async () => {
    const tester = new CoordinatorTester(
      apiKeyPlan({ requestsPerMinute: 61, tokensPerMinute: 999, concurrentAgents: 2 }),
    ).configure();
    const auth = await tester.ask('team/agent-1').promise;
    assert.equal(auth.kind, 'authenticated');
    const { sessionId, overlay } = auth;
    const [token = ''] = tester.secrets.tokens;
    assert.deepEqual(auth, { kind: 'authenticated', mode: 'routed', agentId: 'team/agent-1', sessionId, overlay });
    assert.deepEqual(overlay, {
      CLAUDE_API_KEY: token,
      ANTHROPIC_API_KEY: token,
      CLAUDE_BASE_URL: gatewayUrl,
      ANTHROPIC_BASE_URL: gatewayUrl,
      CLAUDE_AGENT_ID: 'team/agent-1',
      CLAUDE_SESSION_ID: sessionId,
      CLAUDE_MAX_REQUESTS_PER_MINUTE: '30',
      CLAUDE_MAX_TOKENS_ALLOCATED: '499',
      NO_PROXY: 'inside.example,127.0.0.1,localhost',
      no_proxy: 'inside.example,127.0.0.1,localhost',
      ANTHROPIC_AUTH_TOKEN: null,
      CLAUDE_CODE_OAUTH_TOKEN: null,
      ...restoredVariables,
    });
    assert.ok(!JSON.stringify(auth).includes(realKey));
    const owner = await tester.manager.ownerOfToken(token);
    assert.equal(owner.kind === 'live' && owner.session.sessionId, sessionId);
    assert.equal(owner.kind === 'live' && owner.session.process.pid, windowPid, 'the window’s until it is known');
    assert.equal(owner.kind === 'live' && owner.session.workspace, 'work');
  });

  it('sets up an observed agent without key and address, and leaves its login alone', async () => {
    const plan = maxSubscriptionPlan({ dailyTokens: 1000, concurrentAgents: 2 });
    const tester = new CoordinatorTester(plan).configure(subscription);
    tester.test = () => Promise.resolve({ kind: 'subscription', source: subscription.kind, mode: 'observed' });
    const auth = await tester.ask('agent', { process: { pid: 7, startMark: 'then' } }).promise;
    assert.equal(auth.kind === 'authenticated' && auth.mode, 'observed');
    assert.ok(auth.kind === 'authenticated');
    const endpoint = auth.overlay['OTEL_EXPORTER_OTLP_ENDPOINT'] ?? '';
    assert.deepEqual(auth.overlay, {
      CLAUDE_AGENT_ID: 'agent',
      CLAUDE_SESSION_ID: auth.sessionId,
      CLAUDE_MAX_TOKENS_ALLOCATED: '500',
      CLAUDE_CODE_ENABLE_TELEMETRY: '1',
      OTEL_LOGS_EXPORTER: 'otlp',
      OTEL_METRICS_EXPORTER: 'none',
      OTEL_TRACES_EXPORTER: 'none',
      OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
      OTEL_EXPORTER_OTLP_ENDPOINT: endpoint,
      OTEL_LOGS_EXPORT_INTERVAL: '1000',
      NO_PROXY: 'inside.example,127.0.0.1,localhost',
      no_proxy: 'inside.example,127.0.0.1,localhost',
    });
    const owner = await tester.manager.ownerOfToken(endpoint.slice('http://127.0.0.1:2/'.length));
    assert.equal(owner.kind === 'live' && owner.session.sessionId, auth.sessionId, 'its address is its own');
    const [session] = await tester.ledger.liveSessions();
    assert.deepEqual(session?.process, { pid: 7, startMark: 'then' });
    assert.equal(await tester.used('slots'), 1);
  });

  it('lets an agent run unauthenticated when there are no credentials, with the reason', async () => {
    const tester = new CoordinatorTester().configure({ kind: 'none' });
    const auth = await tester.ask('agent').promise;
    assert.ok(auth.kind === 'unauthenticated');
    assert.deepEqual(auth.overlay, {});
    assert.equal(auth.reason.code, 'no-credentials');
    assert.deepEqual(tester.told, [auth.reason]);
    assert.equal(await tester.used('slots'), 0);
    assert.deepEqual(await tester.states(), ['agent active']);
    assert.equal(tester.tests, 0);
    assert.equal(await tester.coordinator.releaseSession(auth.sessionId), true);
  });

  it('waits to be told the credentials, for ten seconds at most', async () => {
    const tester = new CoordinatorTester();
    const early = tester.ask('early');
    await tester.clock.advance(9000);
    tester.configure();
    await tester.clock.advance(0);
    assert.equal((await early.promise).kind, 'authenticated');
    const forgotten = new CoordinatorTester();
    const late = forgotten.ask('late');
    await forgotten.clock.advance(10_000);
    const auth = await late.promise;
    assert.ok(auth.kind === 'unauthenticated');
    assert.equal(auth.reason.code, 'no-credentials');
  });

  it('tells of requests that are refused for the day, the plan’s and an agent’s apart', async () => {
    const agents = [{ pattern: 'limited', limits: { tokensPerDay: 10 } }];
    const plan = maxSubscriptionPlan({ dailyTokens: 100_000, concurrentAgents: 2 });
    const tester = new CoordinatorTester(plan).configure(apiKey, { agents });
    for (const agentId of ['limited', 'free']) {
      const auth = await tester.ask(agentId).promise;
      assert.ok(auth.kind === 'authenticated');
      const { sessionId } = auth;
      await tester.manager.book(sessionId, {
        usage: tokens(agentId === 'free' ? 99_900 : 20),
        model: 'm',
        requestId: undefined,
      });
      await assert.rejects(
        tester.reserve(sessionId, { usesTokens: true, bodyBytes: 4000 }).promise,
        /tokens of today do not suffice/,
      );
    }
    assert.deepEqual(
      tester.told.map(({ code }) => code),
      ['agent-day-used-up', 'day-used-up'],
    );
  });

  it('says which models the upstream wants to pause', async () => {
    const tester = new CoordinatorTester().configure();
    await tester.manager.observe(report({ limited: true, retryAfterMs: 30_000, model: 'claude-opus-5' }));
    const { problems } = await tester.coordinator.checkAuthHealth();
    assert.match(problems.find(({ code }) => code === 'paused')?.message ?? '', /requests for opus-5 wait/);
  });

  it('says why there are no credentials when it was found out before', async () => {
    const problem = { code: 'bad-base-url', severity: 'error', message: 'Bad.', nextStep: 'Better.' } as const;
    const warning = { ...problem, code: 'conflicting-variables', severity: 'warning' } as const;
    const tester = new CoordinatorTester().configure({ kind: 'none' }, { credentialProblems: [warning, problem] });
    const auth = await tester.ask('agent').promise;
    assert.deepEqual(auth.kind === 'unauthenticated' && auth.reason, problem);
    assert.deepEqual(await tester.coordinator.testAuthentication(), { kind: 'fails', problem });
  });

  for (const code of ['key-rejected', 'key-malformed']) {
    it(`lets an agent run unauthenticated when it is ${code}`, async () => {
      const tester = new CoordinatorTester().configure();
      tester.test = () => Promise.resolve(fails(code));
      const auth = await tester.ask('agent').promise;
      assert.equal(auth.kind === 'unauthenticated' && auth.reason.code, code);
      assert.deepEqual(
        tester.told.map((problem) => problem.code),
        [code],
      );
      assert.equal(await tester.used('slots'), 0);
      assert.equal((await tester.coordinator.checkAuthHealth()).healthy, false);
    });
  }

  for (const code of ['endpoint-unreachable', 'key-forbidden']) {
    it(`sets up an agent with a warning when it is ${code}, which may pass`, async () => {
      const tester = new CoordinatorTester().configure();
      tester.test = () => Promise.resolve(fails(code));
      const auth = await tester.ask('agent').promise;
      assert.ok(auth.kind === 'authenticated');
      assert.equal(auth.mode, 'routed');
      assert.equal(auth.warning?.code, code);
      assert.equal(await tester.used('slots'), 1);
    });
  }

  it('tests credentials once, again a while after a failure, and when they are others', async () => {
    const tester = new CoordinatorTester(apiKeyPlan({ concurrentAgents: 99 })).configure();
    const running = Promise.withResolvers<ReturnType<typeof fails>>();
    tester.test = () => running.promise;
    const both = [tester.ask('a'), tester.ask('b')];
    await settled();
    running.resolve(fails('endpoint-unreachable'));
    for (const { promise } of both) assert.equal((await promise).kind, 'authenticated');
    assert.equal(tester.tests, 1, 'two at once share a test');
    await tester.opened('c');
    assert.equal(tester.tests, 1, 'a failure is believed for a while');
    tester.test = () => Promise.resolve({ kind: 'works', endpoint: '', latencyMs: 1, source: '' });
    await tester.clock.advance(10_000);
    const during = await tester.ask('d').promise;
    assert.ok(during.kind === 'authenticated' && during.warning !== undefined, 'it does not wait for the test');
    await settled();
    const after = await tester.ask('d2').promise;
    assert.ok(after.kind === 'authenticated' && after.warning === undefined);
    await tester.clock.advance(3_600_000);
    await tester.opened('e');
    assert.equal(tester.tests, 2);
    tester.configure({ ...apiKey });
    await tester.opened('f');
    assert.equal(tester.tests, 2, 'the same credentials are not tested again');
    tester.configure({ ...apiKey, key: 'another' });
    await tester.opened('g');
    assert.equal(tester.tests, 3);
  });

  it('does not believe a failure for ever because the clock was set back', async () => {
    const tester = new CoordinatorTester().configure();
    tester.test = () => Promise.resolve(fails('key-rejected'));
    await tester.opened('a');
    tester.clock.jump(-3_600_000);
    tester.test = () => Promise.resolve({ kind: 'works', endpoint: '', latencyMs: 1, source: '' });
    assert.equal((await tester.ask('b').promise).kind, 'authenticated');
  });

  it('takes no agent name that is none', async () => {
    const tester = new CoordinatorTester().configure();
    for (const agentId of ['', 'a b', 'ä', 'a\n', 'x'.repeat(65), '$(rm)']) {
      const auth = await tester.ask(agentId).promise;
      assert.equal(auth.kind === 'refused' && auth.reason.code, 'bad-agent-name', agentId);
    }
    assert.deepEqual(await tester.states(), []);
    assert.equal((await tester.ask('x'.repeat(64)).promise).kind, 'authenticated');
  });

  it('refuses an agent when the day is used up', async () => {
    const tester = new CoordinatorTester(maxSubscriptionPlan({ dailyTokens: 1000 })).configure();
    const a = await tester.opened('a');
    const reservation = await tester.reserve(a, { usesTokens: true, bodyBytes: 400 }).promise;
    await reservation.settle(outcome([1000, 0]));
    const auth = await tester.line('b').promise;
    assert.ok(auth.kind === 'refused');
    assert.equal(auth.reason.code, 'day-used-up');
    assert.match(auth.reason.nextStep, /raise the daily tokens/);
  });

  it('releases all sessions of an agent, and no others', async () => {
    const tester = new CoordinatorTester(apiKeyPlan({ concurrentAgents: 5 })).configure();
    for (const agent of ['a', 'b', 'a']) await tester.opened(agent);
    const [token = ''] = tester.secrets.tokens;
    assert.equal(await tester.coordinator.releaseAgentAuth('a'), 2);
    assert.deepEqual(await tester.states(), ['b active']);
    assert.equal((await tester.manager.ownerOfToken(token)).kind, 'ended');
    assert.equal(await tester.coordinator.releaseAgentAuth('a'), 0);
    assert.equal(await tester.coordinator.releaseSession('nobody'), false);
  });

  it('lists active agents with what they use', async () => {
    const tester = new CoordinatorTester(apiKeyPlan({ concurrentAgents: 3, requestsPerMinute: 2 })).configure();
    const a = await tester.opened('a');
    const b = await tester.opened('b');
    await tester.ledger.idleSession(b, tester.clock.now());
    await (await tester.reserve(a).promise).settle(outcome([3, 4]));
    await tester.reserve(a).promise;
    tester.reserve(a);
    await settled();
    const agents = await tester.coordinator.getActiveAgents();
    assert.deepEqual(
      agents.map(({ agentId, claudeSessionId, usesClaudeAuth, usage, requests, waitingRequests, runningRequests }) => [
        [agentId, claudeSessionId, usesClaudeAuth, usage, requests, waitingRequests, runningRequests],
      ]),
      [[['a', a, true, tokens(3, 4), 1, 1, 1]]],
    );
    const unauthenticated = new CoordinatorTester().configure({ kind: 'none' });
    await unauthenticated.opened('x');
    const [record] = await unauthenticated.coordinator.getActiveAgents();
    assert.equal(record?.usesClaudeAuth, false);
    assert.ok(!('claudeSessionId' in record));
  });

  it('says of a model’s name whether it needs a session', () => {
    assert.equal(needsClaudeAuth('claude-sonnet-4-5'), true);
    assert.equal(needsClaudeAuth('gpt-5'), false);
  });
});
