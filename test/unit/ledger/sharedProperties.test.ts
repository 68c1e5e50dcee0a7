import assert from 'node:assert/strict';
import fc from 'fast-check';
import { apiKeyPlan } from '../../../src/core/plan.ts';
import { settled } from '../../fakes/fakeClock.ts';
import { propertyRuns } from '../core/propertyRuns.ts';
import { StrictUpstream } from '../core/strictUpstream.ts';
import { SharedMachine } from './sharedMachine.ts';
import { calm, SharedWorld, type Weather } from './sharedWorld.ts';
import { terms } from './terms.ts';

const limits = { requests: 60, tokens: 6000 } as const;
const plan = apiKeyPlan({ requestsPerMinute: limits.requests, tokensPerMinute: limits.tokens, concurrentAgents: 100 });
const machineCount = 3;

type Step =
  | {
      readonly kind: 'send';
      readonly machine: number;
      readonly input: number;
      readonly output: number;
      readonly spare: number;
    }
  | { readonly kind: 'pass'; readonly ms: number }
  | { readonly kind: 'jump'; readonly machine: number; readonly ms: number }
  | { readonly kind: 'crash'; readonly machine: number }
  | { readonly kind: 'weather'; readonly weather: Weather };

const machine = fc.nat(machineCount - 1);
const steps = fc.array<Step>(
  fc.oneof(
    {
      weight: 12,
      arbitrary: fc.record({
        kind: fc.constant('send' as const),
        machine,
        input: fc.oneof(fc.integer({ min: 1, max: 300 }), fc.integer({ min: 300, max: 4000 })),
        output: fc.integer({ min: 0, max: 200 }),
        spare: fc.nat(100),
      }),
    },
    { weight: 6, arbitrary: fc.record({ kind: fc.constant('pass' as const), ms: fc.integer({ min: 1, max: 8000 }) }) },
    {
      weight: 1,
      arbitrary: fc.record({
        kind: fc.constant('jump' as const),
        machine,
        ms: fc.oneof(fc.integer({ min: -30_000, max: 30_000 }), fc.integer({ min: -7_200_000, max: 7_200_000 })),
      }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('crash' as const), machine }) },
    {
      weight: 1,
      arbitrary: fc.record({
        kind: fc.constant('weather' as const),
        weather: fc.record({
          delayMs: fc.constantFrom([1, 5] as const, [20, 200] as const, [100, 2500] as const),
          lost: fc.constantFrom(0, 0.2, 1),
          replyLost: fc.constantFrom(0, 0.2),
          repeated: fc.constantFrom(0, 0.3),
        }),
      }),
    },
  ),
  { maxLength: 60, size: 'max' },
);

/** Some machines that share a quota, and what happens to them. */
class Simulation {
  readonly world: SharedWorld;
  readonly upstream: StrictUpstream;
  readonly machines: readonly SharedMachine[];

  constructor(seed: number) {
    this.world = new SharedWorld(seed);
    this.upstream = new StrictUpstream(limits.requests, limits.tokens, 1e9, 1e9, this.world.clock.now());
    this.machines = Array.from(
      { length: machineCount },
      (_, index) => new SharedMachine(this.world, this.upstream, terms(plan), `m${index}`),
    );
  }

  async step(step: Step): Promise<void> {
    if (step.kind === 'pass') await this.world.clock.advance(step.ms);
    else if (step.kind === 'weather') this.world.weather = step.weather;
    else {
      const machine = this.machines[step.machine];
      assert.ok(machine);
      if (step.kind === 'jump') machine.clock.offset += step.ms;
      else if (step.kind === 'crash') {
        machine.crash();
        const restarted = machine.restart();
        await this.world.clock.advance(1500);
        await restarted;
      } else await this.#send(machine, step);
    }
  }

  /** Waits in good weather until all is served. @returns how long that took, in milliseconds. */
  async finish(): Promise<number> {
    this.world.weather = calm;
    const begun = this.world.clock.now();
    while (this.machines.some(({ waiting, underWay }) => waiting + underWay > 0)) {
      await this.world.clock.advance(500);
      const took = this.world.clock.now() - begun;
      assert.ok(took < 3_600_000, `${this.machines.map(({ waiting }) => waiting).join(', ')} requests still wait`);
    }
    return this.world.clock.now() - begun;
  }

  async #send(machine: SharedMachine, { input, output, spare }: Step & { kind: 'send' }): Promise<void> {
    const { random, clock } = this.world;
    let [session] = machine.sessions;
    if (session === undefined) {
      const opened = machine.openSession();
      await clock.advance(1100);
      session = await opened;
    }
    // With the shared ledger away a new machine has no slot.
    if (session === undefined) return;
    const work = { input, output, spare, countedAfter: random.between(0, 3000), settledAfter: random.between(0, 3000) };
    void machine.send(session, work);
    await settled();
  }
}

describe('machines that share a quota', () => {
  const numRuns = Math.max(10, Math.floor(propertyRuns.numRuns / 25));

  it('never use more than the limit together, lose no usage and double none, and give everything back', async function () {
    this.timeout(numRuns * 4000);
    await fc.assert(
      fc.asyncProperty(steps, fc.integer(), async (given, seed) => {
        const simulation = new Simulation(seed);
        const { world, upstream, machines } = simulation;
        for (const step of given) await simulation.step(step);
        await simulation.finish();
        const ended = Promise.all(machines.map((each) => each.endSessions()));
        await world.clock.advance(90_000);
        await ended;
        assert.ok(upstream.lowest > -1e-6, `the upstream was overdrawn to ${upstream.lowest}`);
        const delivered = [...world.quota.delivered.values()].flatMap(({ entries }) =>
          entries.map((entry) => entry.requestId ?? ''),
        );
        const used = machines.flatMap((each) => [...each.settled]);
        assert.deepEqual(delivered.sort(), used.sort());
        for (const dimension of ['requestsPerMinute', 'tokensPerMinute', 'slots'] as const) {
          assert.ok(world.quota.leased('ApiKey', 'ApiKey', dimension) < 1e-6, dimension);
        }
      }),
      { numRuns },
    );
  });
});
