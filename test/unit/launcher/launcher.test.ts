import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { type ControlServer, startControlServer } from '../../../src/control/controlServer.ts';
import { telemetryOverlay } from '../../../src/shared/telemetryVariables.ts';
import type { EngineAddress } from '../../../src/launcher/engineAddress.ts';
import { FakeSessions, fakeProcessTable, noSlot } from '../control/fakeSessions.ts';
import { createMemoryLogger } from '../control/memoryLogger.ts';
import { agentScript, keepSecret, launcherScript, startLauncher, testSecret } from './startedLauncher.ts';

const printEnvironment = 'console.log(JSON.stringify(process.env))';
const runForever = 'console.log("agent " + process.pid); setInterval(() => {}, 1000)';

describe('launcher', () => {
  let directory: string;
  let sessions: FakeSessions;
  let server: ControlServer;

  const engine = (): EngineAddress => ({ socket: server.address, home: directory });
  const start = (address?: string): Promise<ControlServer> =>
    startControlServer({
      directory,
      platform: process.platform,
      secret: testSecret,
      sessions,
      queries: () => undefined,
      processTable: fakeProcessTable,
      logger: createMemoryLogger(),
      ...(address === undefined ? {} : { address }),
    });

  beforeEach(async () => {
    directory = await mkdtemp(path.join(tmpdir(), 'with space '));
    sessions = new FakeSessions();
    await keepSecret(directory);
    server = await start();
  });
  afterEach(async () => {
    await server.close();
    await rm(directory, { recursive: true });
  });

  it('runs the agent in a session, with the overlay and none of the control variables', async () => {
    sessions.overlay = { ANTHROPIC_API_KEY: 'session token', ANTHROPIC_AUTH_TOKEN: null, CLAUDE_SESSION_ID: 's1' };
    const environment = {
      ANTHROPIC_API_KEY: 'the real key',
      ANTHROPIC_AUTH_TOKEN: 'the real key',
      ELECTRON_RUN_AS_NODE: '1',
    };
    const launcher = startLauncher(agentScript(printEnvironment, '--agent', 'a', '--wait=9'), engine(), environment);
    const { code, stdout, stderr } = await launcher.end;
    assert.deepEqual([code, stderr], [0, '']);
    assert.doesNotMatch(stdout, /ELECTRON_RUN_AS_NODE|the real key|ANTHROPIC_AUTH_TOKEN/);
    assert.ok(!stdout.includes(testSecret));
    const variables = JSON.parse(stdout) as Record<string, string>;
    for (const name of Object.keys(variables)) assert.ok(name in process.env || !name.startsWith('AGENT_QUOTA_'), name);
    assert.equal(variables['ANTHROPIC_API_KEY'], 'session token');
    assert.equal(variables['PATH'], process.env['PATH']);
    const [request] = sessions.requests;
    assert.equal(request?.process?.pid, launcher.child.pid);
    assert.ok(request?.waitMs !== undefined && request.waitMs > 8000 && request.waitMs <= 9000);
    assert.deepEqual(sessions.calls, ['open a', 'release s1']);
  });

  it('has an observed agent report, unless its user has other plans for its telemetry, and says which', async () => {
    const ours = telemetryOverlay('http://127.0.0.1:4711/sk-aq-0123456789-agent-quota-session');
    sessions.overlay = { ...ours, CLAUDE_SESSION_ID: 's1' };
    const home = { HOME: directory, USERPROFILE: directory, CLAUDE_CONFIG_DIR: directory };
    const theirs = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1', OTEL_LOGS_EXPORTER: 'console' };
    for (const [environment, expected] of [
      [home, ours],
      [{ ...home, ...theirs }, theirs],
    ] as const) {
      const launcher = startLauncher(agentScript(printEnvironment, '--agent', 'a'), engine(), environment);
      const { stdout } = await launcher.end;
      const variables = JSON.parse(stdout) as Record<string, string>;
      const telemetry = Object.entries(variables).filter(([name]) => /OTEL_|TELEMETRY/.test(name));
      assert.deepEqual(Object.fromEntries(telemetry), expected);
    }
    const observed = sessions.calls.filter((call) => call.startsWith('observed'));
    assert.deepEqual(observed, ['observed s1 telemetry', 'observed s2 transcripts']);
  });

  it('ends as the agent ends', async () => {
    const exits = startLauncher(agentScript('process.exit(3)'), engine());
    const dies = startLauncher(agentScript('process.kill(process.pid, "SIGTERM")'), engine());
    assert.equal((await exits.end).code, 3);
    const { code, signal } = await dies.end;
    if (process.platform !== 'win32') assert.deepEqual([code, signal], [null, 'SIGTERM']);
    const task = startLauncher(agentScript("process.kill(process.pid, 'SIGKILL')", '--task'), engine());
    assert.equal((await task.end).code, process.platform === 'win32' ? 1 : 137, 'a task has a code in any case');
    assert.equal(sessions.live.size, 0);
  });

  it('says so when the command is not found or cannot be run, and ends the session', async () => {
    const missing = await startLauncher(['run', '--', 'no-such-agent'], engine()).end;
    assert.equal(missing.code, 127);
    assert.match(missing.stderr, /^agent-quota: no-such-agent was not found\..*\n$/);
    assert.deepEqual(sessions.calls, ['open no-such-agent', 'release s1']);
    if (process.platform === 'win32') return;
    assert.equal((await startLauncher(['run', '--', directory], engine()).end).code, 126);
  });

  it('tells its place in line once per change, and starts when it may', async () => {
    let give: () => void = () => undefined;
    sessions.answer = (request, sessionId) =>
      new Promise((resolve) => {
        give = () => {
          resolve(sessions.session(request, sessionId));
        };
      });
    const launcher = startLauncher(agentScript('console.log("done")', '--agent', 'a'), engine());
    await sessions.called('open a');
    for (const place of [2, 2, 1]) sessions.moveLine(place, ['x', 'y']);
    await launcher.printed(/place 1/);
    give();
    const { code, stdout, stderr } = await launcher.end;
    assert.deepEqual([code, stdout], [0, 'done\n']);
    const line = (place: number): string =>
      `agent-quota: Waiting for a free slot, place ${place} in line (Ctrl+C leaves it); running: x, y\n`;
    assert.equal(stderr, line(2) + line(1));
  });

  it('leaves the line at once on Ctrl+C, and when the terminal is closed', async function () {
    if (process.platform === 'win32') this.skip();
    for (const [index, [signal, exitCode]] of [['SIGINT', 130] as const, ['SIGHUP', 129] as const].entries()) {
      sessions.answer = () => new Promise(() => undefined);
      const launcher = startLauncher(agentScript(runForever, '--agent', signal), engine());
      await sessions.called(`open ${signal}`);
      launcher.child.kill(signal);
      assert.equal((await launcher.end).code, exitCode);
      await sessions.called(`giveUp ${index + 1}`);
    }
  });

  it('waits on through a restart of the engine', async () => {
    sessions.answer = () => new Promise(() => undefined);
    const launcher = startLauncher(agentScript('', '--agent', 'a'), engine());
    await sessions.called('open a');
    await server.close();
    sessions = new FakeSessions();
    server = await start(server.address);
    const { code, stderr } = await launcher.end;
    assert.deepEqual([code, stderr], [0, '']);
    assert.deepEqual(sessions.calls, ['open a', 'release s1']);
  });

  it('waits on through a reload when it has been told its place', async () => {
    sessions.answer = () => new Promise(() => undefined);
    const launcher = startLauncher(agentScript('', '--agent', 'a'), engine());
    await sessions.called('open a');
    sessions.moveLine(1, ['x']);
    await launcher.printed(/place 1/);
    await server.close();
    await launcher.printed(/looking for it \(Ctrl\+C gives up\)/);
    sessions = new FakeSessions();
    // An engine that has just started and does not know the credentials yet.
    sessions.answer = (request, sessionId) =>
      Promise.resolve(
        sessions.requests.length === 1
          ? { kind: 'unauthenticated', agentId: 'a', sessionId, overlay: {}, reason: noSlot }
          : sessions.session(request, sessionId),
      );
    server = await start(server.address);
    const { code, stderr } = await launcher.end;
    assert.equal(code, 0);
    assert.doesNotMatch(stderr, /without quota/);
    assert.deepEqual(sessions.calls, ['open a', 'release s1', 'open a', 'release s2']);
  });

  it('runs nothing when it is refused', async () => {
    sessions.answer = ({ agentId }) => Promise.resolve({ kind: 'refused', agentId, reason: noSlot });
    const { code, stdout, stderr } = await startLauncher(agentScript(printEnvironment), engine()).end;
    assert.deepEqual([code, stdout], [75, '']);
    assert.equal(stderr, `agent-quota: ${noSlot.message} ${noSlot.nextStep}\n`);
  });

  it('says why a session is unauthenticated', async () => {
    sessions.answer = ({ agentId }, sessionId) =>
      Promise.resolve({ kind: 'unauthenticated', agentId, sessionId, overlay: {}, reason: noSlot });
    const { code, stderr } = await startLauncher(agentScript(''), engine()).end;
    assert.deepEqual([code, stderr], [0, `agent-quota: ${noSlot.message} ${noSlot.nextStep}\n`]);
  });

  it('runs the agent without quota when there is no engine, and says why', async () => {
    const own = { ANTHROPIC_API_KEY: 'my own' };
    const none = path.join(directory, 'none');
    const other = path.join(directory, 'other');
    await mkdir(other, { mode: 0o700 });
    await keepSecret(other, testSecret.toUpperCase());
    const cases: readonly (readonly [address: EngineAddress | undefined, why: RegExp])[] = [
      [undefined, /no terminal of a VS Code window/],
      [{ home: none }, /no window with Agent Quota is open/],
      [{ home: other }, /no window with Agent Quota is open/],
      [{ socket: path.join(directory, 'none.sock'), home: other }, /is not running/],
      [{ socket: server.address, home: other }, /opened for another engine/],
    ];
    await Promise.all(
      cases.map(async ([address, why]) => {
        const { code, stdout, stderr } = await startLauncher(agentScript(printEnvironment), address, own).end;
        assert.equal(code, 0);
        assert.match(stdout, /"my own"/);
        assert.doesNotMatch(stdout, /AGENT_QUOTA_(SOCKET|HOME)/);
        assert.match(stderr, why);
        assert.match(stderr, /^agent-quota: This agent runs without quota: .+\n$/);
      }),
    );
    const nested = await startLauncher(agentScript(''), undefined, { CLAUDE_SESSION_ID: 'parent' }).end;
    assert.match(nested.stderr, /shares the session .*parent/);
  });

  it('hands on signals, and outlives the agent that takes its time', async function () {
    if (process.platform === 'win32') this.skip();
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGUSR2'] as const) {
      const source = `process.on('${signal}', () => setTimeout(() => process.exit(7), 50)); ${runForever}`;
      const launcher = startLauncher(agentScript(source), engine());
      await launcher.printed(/agent \d+/);
      launcher.child.kill(signal);
      assert.equal((await launcher.end).code, 7, signal);
    }
    assert.equal(sessions.live.size, 0);
  });

  it('swallows signals that were ignored when it was started, in line too, and has the agent ignore them', async function () {
    if (process.platform === 'win32') this.skip();
    const ignoring = { AGENT_QUOTA_IGNORED: 'INT HUP' };
    let give: () => void = () => undefined;
    sessions.answer = (request, sessionId) =>
      new Promise((resolve) => {
        give = () => {
          resolve(sessions.session(request, sessionId));
        };
      });
    const source = 'kill -HUP $$; kill -INT $$; echo "$# $1 $AGENT_QUOTA_IGNORED" ready; while :; do sleep 0.05; done';
    const launcher = startLauncher(['run', '--', 'sh', '-c', source, 'x', 'a  b'], engine(), ignoring);
    await sessions.called('open sh');
    launcher.child.kill('SIGHUP');
    launcher.child.kill('SIGINT');
    sessions.moveLine(1, ['x']);
    await launcher.printed(/place 1/);
    give();
    assert.match(await launcher.printed(/ready/), /1 a {2}b {2}ready/);
    launcher.child.kill('SIGHUP');
    launcher.child.kill('SIGTERM');
    assert.equal((await launcher.end).signal, 'SIGTERM');
    sessions.answer = (request, sessionId) => Promise.resolve(sessions.session(request, sessionId));
    const missing = await startLauncher(['run', '--', './none'], engine(), ignoring).end;
    assert.equal(missing.code, 127);
    assert.match(missing.stderr, /^agent-quota: \.\/none was not found\./);
    const refused = await startLauncher(['run', '--', './package.json'], engine(), ignoring).end;
    assert.equal(refused.code, 126);
    assert.match(refused.stderr, /^agent-quota: \.\/package\.json cannot be run: /);
  });

  it('lets the engine know when it is killed', async () => {
    const launcher = startLauncher(agentScript(runForever), engine());
    const output = await launcher.printed(/agent \d+/);
    launcher.child.kill('SIGKILL');
    await sessions.called('connectionLost s1');
    process.kill(Number(/agent (\d+)/.exec(output)?.[1]), 'SIGKILL');
    await launcher.end;
  });

  it('resumes its session with the next engine, silently', async () => {
    const launcher = startLauncher(agentScript(runForever), engine());
    const output = await launcher.printed(/agent \d+/);
    await server.close();
    server = await start(server.address);
    await sessions.called('resume s1');
    process.kill(Number(/agent (\d+)/.exec(output)?.[1]), 'SIGKILL');
    // The second if the agent ends before the launcher has read the answer.
    await Promise.race([sessions.called('release s1'), sessions.called('connectionLost s1')]);
    assert.equal((await launcher.end).stderr, '');
  });

  it('runs the agent in a directory that has been removed', async function () {
    if (process.platform === 'win32') this.skip();
    sessions.overlay = telemetryOverlay('http://127.0.0.1:4711/sk-aq-0123456789-agent-quota-session');
    const line = `cd "$(mktemp -d)" && rmdir "$PWD" && exec "$0" "$@"`;
    const args = ['-c', line, process.execPath, launcherScript, 'run', '--', '/bin/echo', 'hello'];
    const env = { ...process.env, AGENT_QUOTA_SOCKET: server.address, AGENT_QUOTA_HOME: directory };
    const { stdout } = await promisify(execFile)('/bin/sh', args, { env });
    assert.equal(stdout, 'hello\n');
  });

  it('prints help and version, and answers misuse with 64', async () => {
    const [help, version, misuse] = await Promise.all([
      startLauncher(['--help'], undefined).end,
      startLauncher(['--version'], undefined).end,
      startLauncher(['run', 'claude'], undefined).end,
    ]);
    assert.deepEqual([help.code, help.stderr], [0, '']);
    assert.match(help.stdout, /agent-quota run/);
    assert.match(version.stdout, /^\d+\.\d+\.\d+\n$/);
    assert.deepEqual([misuse.code, misuse.stdout], [64, '']);
  });
});
