import assert from 'node:assert/strict';
import { apiKeyPlan } from '../../src/core/plan.ts';
import { startSimulatedUpstream, type SimulatedUpstream } from '../fakes/simulatedUpstream.ts';
import type { ForcedFault } from '../fakes/upstreamBehaviour.ts';
import { retriesIn, tellingRetries } from './claudeRetries.ts';
import { type ClaudeRun, runClaude } from './claudeRun.ts';
import { bookedRequests, comparable } from './observed/bookedRequests.ts';
import { realKey, startEngine, type RunningEngine } from './runningEngine.ts';

const withinMs = 60_000;
const args = ['-p', 'say hi', ...tellingRetries];
/** After a part of the text. */
const midStream: readonly { readonly what: string; readonly fault: ForcedFault }[] = [
  { what: 'an error event', fault: { kind: 'errorEvent', afterEvents: 4 } },
  { what: 'a cut', fault: { kind: 'cutMidStream', afterEvents: 4 } },
];

describe('an upstream in trouble, with the real Claude Code CLI', function () {
  this.timeout(180_000);
  let upstream: SimulatedUpstream;
  let running: RunningEngine;

  async function begin(port = 0): Promise<void> {
    upstream = await startSimulatedUpstream({ port, behaviour: { acceptedKeys: [realKey] } });
  }

  beforeEach(async () => {
    await begin();
    running = await startEngine(upstream.url, apiKeyPlan({ tokensPerMinute: 1_000_000 }));
  });
  afterEach(async () => {
    await running.close();
    await upstream.close();
  });

  function expectAnswer({ code, stdout, stderr }: ClaudeRun): void {
    assert.equal(code, 0, stdout + stderr);
    assert.match(stdout, /"result":"Hello from the simulated upstream\.?"/);
  }

  /** Each request that was served is booked, once, with what was sent of its usage. */
  async function expectMeteredAsServed(requests: number): Promise<void> {
    const served = upstream.requests.filter(({ path }) => path.startsWith('/v1/messages'));
    assert.equal(served.length, requests);
    const { sessions, usedToday } = await running.until(
      ({ sessions: [session] }) => session?.requests === requests && session.runningRequests === 0,
      withinMs,
    );
    const { requests: counted, answered429, answered401, faults, ...tokens } = upstream.served().total;
    assert.equal(counted, requests);
    assert.deepEqual([sessions[0]?.usage, usedToday], [tokens, tokens]);
    const booked = bookedRequests(running.storageDirectory);
    assert.equal(booked.length, requests);
    assert.deepEqual(comparable(booked), comparable(served));
  }

  it('that is down is asked again by the agent itself, until it is back', async () => {
    const { overlay } = await running.open('patient');
    await upstream.close();
    const refused = Promise.withResolvers<undefined>();
    const run = runClaude(args, overlay, (stdout) => {
      if (retriesIn(stdout).length > 0) refused.resolve(undefined);
    });
    await Promise.race([refused.promise, run]);
    await begin(Number(new URL(upstream.url).port));
    const ended = await run;
    expectAnswer(ended);
    const retries = retriesIn(ended.stdout);
    assert.ok(retries.length > 0);
    for (const { error_status } of retries) assert.equal(error_status, 502, 'the gateway’s own answer');
    await expectMeteredAsServed(1);
    assert.deepEqual((await running.engine.snapshot()).health.problems, []);
  });

  for (const { what, fault } of midStream) {
    it(`that ends an answer in the middle by ${what} is asked again, and what it has sent is counted`, async () => {
      const { overlay } = await running.open('patient');
      upstream.behave({ faults: [fault] });
      expectAnswer(await runClaude(args, overlay));
      const [first, second] = upstream.requests.filter(({ path }) => path.startsWith('/v1/messages'));
      assert.deepEqual([first?.fault, second?.fault], [fault.kind, undefined]);
      await expectMeteredAsServed(2);
    });
  }
});
