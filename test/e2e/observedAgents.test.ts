import assert from 'node:assert/strict';
import path from 'node:path';
import { maxSubscriptionPlan } from '../../src/core/plan.ts';
import { launcherVariables } from '../../src/shared/launcherVariables.ts';
import { telemetryVariables } from '../../src/shared/telemetryVariables.ts';
import type { ServedRequest } from '../fakes/servedLog.ts';
import { startSimulatedUpstream, type SimulatedUpstream } from '../fakes/simulatedUpstream.ts';
import { claudeBinary } from '../host/claudeBinary.ts';
import { repositoryRoot } from '../host/paths.ts';
import { runClaude, runProgram } from './claudeRun.ts';
import { bookedRequests } from './observed/bookedRequests.ts';
import { startEngine, type RunningEngine } from './runningEngine.ts';

/** Stands for the user's own login; nothing of ours may ever hold it. */
const login = 'sk-ant-oat01-the-users-own-login-that-nobody-may-see-LOGIN';

describe('observed agents, with the real CLI', function () {
  this.timeout(120_000);
  let upstream: SimulatedUpstream;
  let running: RunningEngine;

  beforeEach(async () => {
    upstream = await startSimulatedUpstream({ behaviour: { acceptedKeys: [login] } });
    running = await startEngine(upstream.url, maxSubscriptionPlan({ dailyTokens: 10_000_000 }), {
      terms: { credentials: { kind: 'subscription', source: 'a test', mode: 'observed' } },
    });
  });
  afterEach(async () => {
    await running.close();
    await upstream.close();
  });

  const direct = () => ({ CLAUDE_CODE_OAUTH_TOKEN: login, ANTHROPIC_BASE_URL: upstream.url });

  const booked = (): Record<string, object> =>
    Object.fromEntries(
      bookedRequests(running.storageDirectory).map(({ requestId, usage, subagent, session }) => [
        requestId,
        { usage, subagent, session },
      ]),
    );

  const servedTo = (request: ServedRequest, session: string) => [
    request.requestId,
    { usage: request.usage, subagent: request.headers['x-claude-code-agent-id'], session },
  ];

  it('are booked request by request as the upstream counted them, to session and subagent', async () => {
    const task = { description: 'Say hi', prompt: 'say hi', subagent_type: 'general-purpose' };
    upstream.behave({ toolUse: { name: 'Agent', input: { ...task, run_in_background: false } } });
    const [one, two] = [await running.open('one'), await running.open('two')];
    assert.equal(one.mode, 'observed');
    const runs = await Promise.all([
      runClaude(['-p', 'let a subagent say hi', '--allowedTools', 'Agent'], { ...one.overlay, ...direct() }),
      runClaude(['-p', 'say hi', '--disallowedTools', 'Agent'], { ...two.overlay, ...direct() }),
    ]);
    for (const run of runs) assert.equal(run.code, 0, run.stderr + run.stdout);
    const served = upstream.requests.filter(({ path: target }) => target.startsWith('/v1/messages'));
    const { sessions, usedToday } = await running.until(
      ({ sessions }) => sessions.reduce((sum, { requests }) => sum + requests, 0) === served.length,
    );
    const second = served.filter(({ headers }) => headers['x-claude-code-session-id'] !== sessionOf(served));
    assert.deepEqual(
      booked(),
      Object.fromEntries(
        served.map((request) => servedTo(request, second.includes(request) ? two.sessionId : one.sessionId)),
      ),
    );
    const { requests, answered429, answered401, faults, ...tokens } = upstream.served().total;
    assert.equal(requests, served.length);
    assert.equal(answered401 + answered429 + faults, 0);
    assert.deepEqual(usedToday, tokens);
    const subagents = sessions.find(({ sessionId }) => sessionId === one.sessionId)?.subagents ?? [];
    const asked = new Map(
      served.map(({ headers }) => [headers['x-claude-code-agent-id'], headers['x-claude-code-parent-agent-id']]),
    );
    asked.delete(undefined);
    assert.ok(asked.size > 1, 'subagents started others');
    assert.deepEqual(new Map(subagents.map(({ subagentId, parentId }) => [subagentId, parentId])), asked);
    assert.ok(!running.everythingWritten().includes(login), 'the login is in no file and no log');
    for (const { overlay } of [one, two]) {
      assert.ok(!JSON.stringify(overlay).includes(login));
      const url = overlay[telemetryVariables.endpoint] ?? '';
      assert.ok(
        !running.everythingWritten().includes(new URL(url).pathname.slice(1)),
        'nor is the session’s own token',
      );
    }
  });

  /** As the CLI names it, of the run that had subagents. */
  const sessionOf = (served: readonly ServedRequest[]): unknown =>
    served.find(({ headers }) => headers['x-claude-code-agent-id'] !== undefined)?.headers['x-claude-code-session-id'];

  it('are booked once though the engine dies while they work', async () => {
    const { overlay } = await running.open('survivor');
    const agent = runClaude(['-p', 'say hi'], { ...overlay, ...direct() });
    await running.kill();
    assert.equal((await agent).code, 0);
    const served = upstream.served().total.requests;
    const { sessions } = await running.until(({ sessions }) => sessions[0]?.requests === served, 20_000);
    assert.equal(sessions[0]?.usage.outputTokens, upstream.served().total.outputTokens);
  });

  it('tell of trouble at Anthropic, and of its end', async () => {
    const { overlay } = await running.open('troubled');
    upstream.behave({ faults: [{ kind: 'status', status: 529, times: 'untilCleared' }] });
    const quickly = { CLAUDE_CODE_MAX_RETRIES: '0' };
    assert.notEqual((await runClaude(['-p', 'say hi'], { ...overlay, ...direct(), ...quickly })).code, 0);
    await running.until(({ health }) => health.problems.some(({ code }) => code === 'upstream-overloaded'));
    upstream.behave({ faults: [] });
    assert.equal((await runClaude(['-p', 'say hi'], { ...overlay, ...direct() })).code, 0);
    await running.until(({ health }) => health.problems.every(({ code }) => code !== 'upstream-overloaded'));
  });

  it('are started by the launcher, which leaves telemetry that the user has set up alone', async () => {
    const { address, home } = await running.engine.launcherEndpoint();
    const launcher = path.join(repositoryRoot, 'dist', 'launcher.cjs');
    const args = [launcher, 'run', '--agent', 'launched', '--', await claudeBinary(), '-p', 'say hi'];
    const control = { [launcherVariables.socket]: address, [launcherVariables.home]: home, ...direct() };
    assert.equal((await runProgram(process.execPath, args, control)).code, 0);
    const { usedToday } = await running.until(({ usedToday }) => usedToday.outputTokens > 0);
    assert.equal(usedToday.outputTokens, upstream.served().total.outputTokens);
    const theirs = { CLAUDE_CODE_ENABLE_TELEMETRY: '1', OTEL_LOGS_EXPORTER: 'console' };
    const run = await runProgram(process.execPath, args, { ...control, ...theirs });
    assert.equal(run.code, 0, run.stderr);
    assert.match(run.stdout, /claude_code\.api_request/, 'theirs is where they wanted it');
  });
});
