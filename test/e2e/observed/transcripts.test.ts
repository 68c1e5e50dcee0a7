import assert from 'node:assert/strict';
import type { ServedRequest } from '../../fakes/servedLog.ts';
import { filesBelow } from '../../host/filesOnDisk.ts';
import { bookedRequests, comparable } from './bookedRequests.ts';
import { sayHi } from './ptyScreen.ts';
import { startObservedWorld, type ObservedWorld } from './observedWorld.ts';

const task = { description: 'Say hi', prompt: 'say hi', subagent_type: 'general-purpose', run_in_background: false };
const agentTool = { name: 'Agent', input: task };
const bash = { name: 'Bash', input: { command: 'echo hello', description: 'Say hello' } };
/** An exporter of the user's own, which nobody answers. */
const theirTelemetry = {
  env: {
    CLAUDE_CODE_ENABLE_TELEMETRY: '1',
    OTEL_LOGS_EXPORTER: 'otlp',
    OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
    OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9/theirs',
  },
};

describe('observing the real CLI by its transcripts', function () {
  this.timeout(120_000);
  let world: ObservedWorld;
  beforeEach(async () => {
    world = await startObservedWorld();
  });
  afterEach(() => world.close());

  const served = (): ServedRequest[] => world.upstream.requests.filter(({ path }) => path.startsWith('/v1/messages'));
  const servedBy = async (count: number): Promise<void> => {
    while (served().length < count) await new Promise((resolve) => setTimeout(resolve, 20));
  };

  /** Waits until the ledger has as many requests as the upstream, and for more of them in vain. */
  async function expectAllBooked(withinMs = 10_000): Promise<void> {
    const deadline = performance.now() + withinMs;
    const booked = () => bookedRequests(world.running.storageDirectory);
    while (booked().length < served().length && performance.now() < deadline)
      await new Promise((resolve) => setTimeout(resolve, 100));
    assert.deepEqual(comparable(booked()), comparable(served()));
    await new Promise((resolve) => setTimeout(resolve, 1500));
    assert.equal(booked().length, served().length);
  }

  it('books each request once, to subagents too, where telemetry is the user’s own', async () => {
    await world.write('.claude/settings.json', theirTelemetry);
    world.upstream.behave({ toolUse: agentTool });
    const run = await world.observed(['-p', 'let a subagent say hi', '--allowedTools', 'Agent']);
    assert.equal(run.code, 0, run.stderr);
    await expectAllBooked();
    assert.ok(served().some(({ headers }) => headers['x-claude-code-parent-agent-id'] !== undefined));
  });

  it('tells while an agent runs, and says so', async () => {
    await world.write('.claude/settings.json', theirTelemetry);
    const screen = await world.onScreen([], 'observed');
    try {
      await sayHi(screen);
      const { sessions } = await world.running.until(({ sessions }) =>
        sessions.some(({ agentId, requests }) => agentId === 'claude' && requests > 0),
      );
      const session = sessions.find(({ agentId }) => agentId === 'claude');
      assert.equal(session?.observedBy, 'transcripts');
      assert.ok(session.heard?.hooks !== undefined && session.heard.telemetry === undefined);
    } finally {
      screen.kill();
    }
  });

  for (const { how, settings } of [
    { how: 'by transcripts', settings: theirTelemetry },
    // Then each prompt and each tool's input is in what is told.
    { how: 'by telemetry', settings: { env: { OTEL_LOG_USER_PROMPTS: '1', OTEL_LOG_TOOL_DETAILS: '1' } } },
  ]) {
    it(`writes down nothing of prompts and answers, ${how}`, async () => {
      const prompt = 'mention-the-heron-of-4711';
      const input = { command: 'echo the-otter-of-4712', description: 'Say what is there' };
      await world.write('.claude/settings.json', settings);
      world.upstream.behave({ toolUse: { name: 'Bash', input }, deltaEvents: 1 });
      const run = await world.observed(['-p', prompt, '--allowedTools', 'Bash']);
      assert.match(run.stdout, /Hello from the simulated upstream/);
      await expectAllBooked();
      const { sessions } = await world.running.engine.snapshot();
      const history = await world.running.engine.history({ span: 'day', by: 'session' });
      const shown = JSON.stringify([sessions, history, await world.running.engine.events(0), world.running.problems]);
      const written = world.running.everythingWritten();
      assert.match(written, /is Claude Code's session/, 'what is looked through is the log');
      for (const said of [prompt, 'Hello from', 'the-otter-of-4712']) {
        assert.ok(
          filesBelow(world.home).some(({ content }) => content.includes(said)),
          `${said} is in its transcript`,
        );
        assert.ok(!`${written}${shown}`.includes(said), said);
      }
    });
  }

  it('goes on where it was when the engine dies in the middle', async () => {
    await world.write('.claude/settings.json', theirTelemetry);
    world.upstream.behave({ toolUse: bash, delays: { beforeHeadersMs: 1500, betweenEventsMs: 0 } });
    const run = world.observed(['-p', 'say hi', '--allowedTools', 'Bash']);
    await servedBy(1);
    await world.running.kill();
    await servedBy(2);
    await world.running.kill();
    assert.equal((await run).code, 0);
    await expectAllBooked();
  });

  it('makes up for what telemetry could not tell while no engine was there', async () => {
    world.upstream.behave({ toolUse: bash, delays: { beforeHeadersMs: 1500, betweenEventsMs: 0 } });
    const run = world.observed(['-p', 'say hi', '--allowedTools', 'Bash']);
    await servedBy(1);
    await world.withoutEngine(async () => {
      assert.equal((await run).code, 0);
    });
    assert.ok(served().length >= 2);
    await expectAllBooked();
  });
});
