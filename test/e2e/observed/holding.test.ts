import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { EngineSnapshot } from '../../../src/core/quotaEngine.ts';
import type { ClaudeRun } from '../claudeRun.ts';
import { differences, requestParts, type RequestParts } from '../requestParts.ts';
import { sayHi } from './ptyScreen.ts';
import { login, startObservedWorld, type ObservedWorld } from './observedWorld.ts';
import { recordSockets } from './recordedSockets.ts';

const hello = 'Hello from the simulated upstream.';
const tool = { name: 'Bash', input: { command: 'echo hello', description: 'Say hello' } };
const args = ['-p', 'say hi', '--allowedTools', 'Bash'];
/** A checksum over ids, and a time that was measured: they differ from run to run. */
const differingByItself = ['~ attribution cch', '~ header x-claude-code-prev-tool-durations'];
/** A command hook that leaves a mark, for the settings of a user. */
const marking = (file: string, mark: string): object => ({
  hooks: { UserPromptSubmit: [{ hooks: [{ type: 'command', command: `echo ${mark} >> '${file}'` }] }] },
});

describe('holding the real CLI on its own login', function () {
  this.timeout(120_000);
  let world: ObservedWorld;
  beforeEach(async () => {
    world = await startObservedWorld({ toolUse: tool });
  });
  afterEach(() => world.close());
  const messages = (): number => world.upstream.requests.filter(({ path }) => path.startsWith('/v1/messages')).length;

  it('changes nothing of what it prints', async () => {
    const direct = await world.direct(args);
    const observed = await world.observed(args);
    assert.deepEqual([observed.code, observed.stdout, observed.stderr], [0, direct.stdout, direct.stderr]);
    assert.match(observed.stdout, new RegExp(hello));
    const { sessions } = await world.running.engine.snapshot();
    assert.deepEqual(
      sessions.map(({ agentId }) => agentId),
      ['another'],
      'the session has ended with its agent',
    );
    assert.match(world.running.everythingWritten(), /is Claude Code's session/, 'its hooks were heard');
  });

  it('changes nothing of what it sends, header by header and field by field', async () => {
    const sentBy = async (run: () => Promise<ClaudeRun>): Promise<RequestParts[]> => {
      const before = messages();
      assert.equal((await run()).code, 0);
      const served = world.upstream.requests.filter(({ path }) => path.startsWith('/v1/messages'));
      return served.slice(before).map(requestParts);
    };
    const direct = await sentBy(() => world.direct(args));
    const observed = await sentBy(() => world.observed(args));
    assert.deepEqual([direct.length, observed.length], [2, 2]);
    for (const [index, parts] of direct.entries()) {
      const found = differences(parts, observed[index] ?? new Map());
      assert.deepEqual(
        found.filter((part) => !differingByItself.includes(part)),
        [],
      );
    }
  });

  it('holds a turn until the used-up window starts anew', async () => {
    const resetsAt = Math.ceil(Date.now() / 1000) * 1000 + 20_000;
    await world.tellFiveHours(100, resetsAt);
    const run = await world.observed(args);
    assert.ok(Date.now() >= resetsAt, 'it went on before');
    assert.deepEqual([run.code, run.stdout], [0, `${hello}\n`]);
    assert.match(run.stderr, /Waiting.*5h 100 %.*waits until/);
    const firstAt = world.upstream.requests.find(({ path }) => path.startsWith('/v1/messages'))?.at ?? 0;
    assert.ok(firstAt >= resetsAt, 'nothing is asked of the model before');
  });

  it('stops a turn, with the reason, when the window stays used up for long', async () => {
    await world.tellFiveHours(100, Date.now() + 3_600_000);
    const refused = await world.observed(args);
    // A new session is refused before its agent runs.
    assert.equal(refused.code, 75);
    await world.tellFiveHours(10, Date.now() + 2 * 3_600_000);
    const screen = await world.onScreen([], 'observed');
    try {
      await screen.shows(/❯/);
      await world.tellFiveHours(100, Date.now() + 2 * 3_600_000);
      screen.type('say hi');
      await screen.shows(/❯.say hi/);
      screen.type('\r');
      const shown = await screen.shows(/blocked by hook/);
      assert.match(shown, /usage window is used up\. Go on after/);
      assert.equal(messages(), 0);
    } finally {
      screen.kill();
    }
  });

  it('stops the next turn, with the reason, when the tokens of the day are used up', async () => {
    const small = await startObservedWorld({}, { dailyTokens: 1000 });
    const screen = await small.onScreen([], 'observed');
    try {
      await screen.shows(/❯/);
      screen.type('say hi');
      await screen.shows(/❯.say hi/);
      screen.type('\r');
      await screen.shows(new RegExp(hello));
      await small.running.until(({ usedToday }) => usedToday.outputTokens > 0, 15_000);
      screen.type('again');
      await screen.shows(/❯.again/);
      screen.type('\r');
      assert.match(await screen.shows(/blocked by hook/), /tokens of today do not suffice[^]*Go on after/);
    } finally {
      screen.kill();
      await small.close();
    }
  });

  it('has as many agents at work as the plan has slots, and the next one when one ends', async () => {
    const delays = { beforeHeadersMs: 2000, betweenEventsMs: 0 };
    const five = await startObservedWorld({ delays }, { concurrentAgents: 5 });
    try {
      // A sixth beside these has its slot already.
      const runs = Array.from({ length: 5 }, () => five.observed(['-p', 'say hi']));
      let most = 0;
      const lived = { over: false };
      const all = Promise.all(runs).finally(() => (lived.over = true));
      all.catch(() => undefined);
      await five.running.until(({ line, sessions }) => line.length === 1 && sessions.length === 5, 60_000);
      while (!lived.over) {
        most = Math.max(most, (await five.running.engine.snapshot()).sessions.length);
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      const ends = await all;
      assert.deepEqual(
        ends.map(({ code, stdout }) => [code, stdout]),
        ends.map(() => [0, `${hello}\n`]),
      );
      assert.equal(most, 5);
      const waited = ends.filter(({ stderr }) => stderr.includes('Waiting for a free slot, place 1 in line'));
      assert.equal(waited.length, 1);
    } finally {
      await five.close();
    }
  });

  it('holds a session that is paused in the middle of a turn before its tool, and goes on when it is resumed', async () => {
    world.upstream.behave({ delays: { beforeHeadersMs: 1500, betweenEventsMs: 0 } });
    const run = world.observed(args);
    while (messages() === 0) await new Promise((resolve) => setTimeout(resolve, 20));
    const { sessions } = await world.running.engine.snapshot();
    const { sessionId = '' } = sessions.find(({ agentId }) => agentId === 'claude') ?? {};
    assert.ok(await world.running.engine.steerSession(sessionId, { paused: true }));
    await new Promise((resolve) => setTimeout(resolve, 5000));
    assert.equal(messages(), 1, 'its tool waits');
    assert.ok(await world.running.engine.steerSession(sessionId, { paused: false }));
    const { code, stdout, stderr } = await run;
    assert.deepEqual([code, stdout], [0, `${hello}\n`], stderr);
    assert.equal(messages(), 2);
  });

  it('stops an agent whose session is released at its next step', async () => {
    world.upstream.behave({ delays: { beforeHeadersMs: 1500, betweenEventsMs: 0 } });
    const run = world.observed(args);
    while (messages() === 0) await new Promise((resolve) => setTimeout(resolve, 20));
    await world.running.engine.releaseAgentAuth('claude');
    assert.match((await run).stderr, /This session has ended\. Start a new agent terminal/);
    assert.equal(messages(), 1, 'the tool was not used, and the model not asked again');
  });

  it('holds an agent whose engine has come back at another address', async () => {
    world.upstream.behave({ delays: { beforeHeadersMs: 20_000, betweenEventsMs: 0 } });
    const run = world.observed(args);
    while (messages() === 0) await new Promise((resolve) => setTimeout(resolve, 20));
    const { sessions } = await world.running.engine.snapshot();
    const { sessionId = '', process: launcher } = sessions.find(({ agentId }) => agentId === 'claude') ?? {};
    assert.ok(launcher);
    // Another process's until the launcher finds the engine again, and ties it to its own.
    await world.running.engine.attachProcess(sessionId, { pid: process.pid });
    await world.withoutEngine(() => Promise.resolve());
    const heldBy = ({ sessions }: EngineSnapshot): number | undefined =>
      sessions.find(({ agentId }) => agentId === 'claude')?.process.pid;
    await world.running.until((snapshot) => heldBy(snapshot) === launcher.pid, 15_000);
    await world.running.engine.releaseAgentAuth('claude');
    assert.match((await run).stderr, /This session has ended\. Start a new agent terminal/);
    assert.equal(messages(), 1, 'the tool was not used, and the model not asked again');
  });

  it('goes on as if nothing were there when the engine goes in the middle', async () => {
    world.upstream.behave({ delays: { beforeHeadersMs: 1500, betweenEventsMs: 0 } });
    const format = ['--output-format', 'stream-json', '--verbose'];
    const direct = await world.direct([...args, ...format]);
    const before = messages();
    const running = world.observed([...args, ...format]);
    while (messages() === before) await new Promise((resolve) => setTimeout(resolve, 20));
    await world.running.close();
    const observed = await running;
    assert.deepEqual([observed.code, observed.stderr], [0, direct.stderr]);
    assert.deepEqual(kinds(observed.stdout), kinds(direct.stdout));
  });

  it('keeps hooks, status line and --settings of the user', async () => {
    const marks = path.join(world.home, 'marks');
    await world.write('.claude/settings.json', {
      ...marking(marks, 'user'),
      statusLine: { type: 'command', command: 'printf "user line\\nwith two"', padding: 1 },
    });
    const file = await world.write('given.json', { ...marking(marks, 'given'), env: { FROM_GIVEN: 'yes' } });
    for (const given of [['--settings', file], [`--settings=${JSON.stringify(marking(marks, 'given'))}`]]) {
      const direct = await world.direct([...args, ...given]);
      const observed = await world.observed([...args, ...given]);
      assert.deepEqual([observed.code, observed.stdout, observed.stderr], [0, direct.stdout, direct.stderr]);
    }
    const marked = (await readFile(marks, 'utf8')).trim().split('\n').toSorted();
    assert.deepEqual(marked, [...Array<string>(4).fill('given'), ...Array<string>(4).fill('user')]);
    const screens: string[][] = [];
    for (const mode of ['direct', 'observed'] as const) {
      const screen = await world.onScreen(['--settings', file], mode);
      try {
        await screen.shows(/user line/);
        await sayHi(screen);
        screens.push(talkOf(await screen.shows(/user line\s+with two/)));
        screen.type('/exit\r');
        assert.equal(await screen.exit, 0);
      } finally {
        screen.kill();
      }
    }
    assert.deepEqual(screens[1], screens[0]);
  });

  it('tells the engine of the login in no way: launcher, hooks, telemetry and status line', async function () {
    if (process.platform === 'win32') this.skip();
    const { address } = await world.running.engine.launcherEndpoint();
    const sockets = await recordSockets(address, world.observerUrl);
    const screen = await world.onScreen(['--allowedTools', 'Bash'], 'observed', sockets.address);
    try {
      await sayHi(screen);
      screen.type('/exit\r');
      assert.equal(await screen.exit, 0);
      const heard = sockets.heard();
      for (const way of ['"sessionId"', '/hooks/PreToolUse', '/v1/logs', 'claude_code.api_request', '/status-line'])
        assert.ok(heard.includes(way), `${way} came this way`);
      const { accessToken, refreshToken } = login.claudeAiOauth;
      for (const secret of [accessToken, refreshToken]) assert.ok(!heard.includes(secret));
    } finally {
      screen.kill();
      await sockets.close();
    }
  });

  it('learns the windows from the status line, and draws its own where the user has none', async () => {
    const resetsAt = Math.floor(Date.now() / 1000) + 7200;
    const window = { resetsAt, status: 'allowed' } as const;
    world.upstream.behave({
      unified: { fiveHour: { ...window, utilization: 0.425 }, sevenDay: { ...window, utilization: 0.13 } },
    });
    const screen = await world.onScreen([], 'observed');
    try {
      await screen.shows(/❯/);
      screen.type('say hi');
      await screen.shows(/❯.say hi/);
      screen.type('\r');
      await screen.shows(/claude · 5h 43 % · 7d 13 %/);
    } finally {
      screen.kill();
    }
    const { status } = await world.running.engine.snapshot();
    const fiveHour = status.limits.find(({ dimension }) => dimension === 'fiveHour');
    assert.deepEqual([fiveHour?.percentage, fiveHour?.resetsAt], [42.5, resetsAt * 1000]);
  });
});

/** A screen from the user's prompt on, without what differs from run to run. */
function talkOf(screen: string): string[] {
  const lines = screen.slice(screen.indexOf('❯ say hi')).split('\n');
  const changing = /✻|auto mode|\/effort/;
  return lines.filter((line) => !changing.test(line)).map((line) => line.trimEnd());
}

/** What kinds of lines a stream has, in order: their ids and times differ from run to run. */
function kinds(output: string): string[] {
  return output
    .trim()
    .split('\n')
    .map((line) => {
      const { type, subtype } = JSON.parse(line) as { type?: string; subtype?: string };
      return `${type ?? ''} ${subtype ?? ''}`;
    });
}
