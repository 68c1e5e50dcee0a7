import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { type ControlServer, startControlServer } from '../../../src/control/controlServer.ts';
import { launcherSessions } from '../../../src/control/launcherSessions.ts';
import { apiKeyPlan } from '../../../src/core/plan.ts';
import { CoordinatorTester } from '../core/coordinatorTester.ts';
import { propertyRuns } from '../core/propertyRuns.ts';
import { createMemoryLogger } from './memoryLogger.ts';
import { connectRaw, hello, type RawClient } from './rawClient.ts';

const launchers = 300;
const slots = 7;
/** Time passes in steps of so many milliseconds, and sockets are served in between. */
const stepMs = 10;

/** What becomes of a launcher: the first before it has a session, the others with one. */
const fates = [
  'dies in line',
  'ends its session',
  'dies',
  'lets go of its connection before it dies',
  'loses its connection, comes back and ends its session',
  'loses its connection, comes back and dies',
] as const;

interface Life {
  readonly fate: (typeof fates)[number];
  /** Undefined: it cannot wait and is given a session at once. */
  readonly waits: boolean | undefined;
  readonly startsAfterMs: number;
  readonly staysMs: number;
  readonly awayMs: number;
}

const life = fc.record<Life>({
  fate: fc.constantFrom(...fates),
  waits: fc.oneof(
    { weight: 8, arbitrary: fc.constant(true) },
    { weight: 2, arbitrary: fc.constantFrom(false, undefined) },
  ),
  startsAfterMs: fc.nat(3000),
  staysMs: fc.nat(200),
  awayMs: fc.nat(1500),
});

/** Launchers on real sockets, with processes that are numbers, and an engine whose clock moves as they go on. */
class ManyLaunchers {
  readonly #tester: CoordinatorTester;
  readonly #address: string;
  #over = 0;

  constructor(address: string, tester: CoordinatorTester) {
    this.#address = address;
    this.#tester = tester;
  }

  async live(pid: number, { fate, waits, startsAfterMs, staysMs, awayMs }: Life): Promise<void> {
    await this.#pass(startsAfterMs);
    const client = await this.#connect(pid);
    const way = waits === undefined ? { cannotWait: true } : waits ? {} : { waitSeconds: 0 };
    client.send({ type: 'open', agentId: `agent-${pid % 5}`, ...way });
    if (fate === 'dies in line') {
      await this.#pass(staysMs);
      return this.#die(pid, client);
    }
    const answer = await answered(client);
    if (answer['type'] === 'refused') {
      assert.equal(waits, false, 'only who does not wait is refused');
      await client.closed;
      return;
    }
    assert.deepEqual([answer['type'], answer['authenticated']], ['session', true]);
    const sessionId = String(answer['sessionId']);
    await this.#pass(staysMs);
    await this.#holds(sessionId);
    switch (fate) {
      case 'ends its session':
        return this.#end(sessionId, client);
      case 'dies':
        return this.#die(pid, client);
      case 'lets go of its connection before it dies':
        client.socket.destroy();
        await this.#pass(awayMs);
        await this.#holds(sessionId);
        return this.#die(pid, client);
      case 'loses its connection, comes back and ends its session':
        return this.#end(sessionId, await this.#comeBack(pid, sessionId, client, awayMs));
      case 'loses its connection, comes back and dies':
        return this.#die(pid, await this.#comeBack(pid, sessionId, client, awayMs));
    }
  }

  /** Lets time pass until all are done, and looks at the slots all the while. */
  async run(lives: readonly Life[]): Promise<void> {
    const all = lives.map((one, index) => this.live(1000 + index, one).finally(() => (this.#over += 1)));
    const whole = Promise.all(all);
    whole.catch(() => undefined);
    while (this.#over < lives.length) {
      await this.#tester.clock.advance(stepMs);
      const sessions = await this.#tester.ledger.liveSessions();
      const active = sessions.filter(({ state }) => state === 'active').length;
      assert.ok(active <= slots, `${active} of ${slots} slots are taken`);
    }
    await whole;
  }

  /** What is left within two seconds of the last end. */
  async left(): Promise<unknown> {
    for (let ms = 0; ms < 2000; ms += stepMs) await this.#tester.clock.advance(stepMs);
    const { line } = await this.#tester.manager.view();
    return { sessions: await this.#tester.states(), line, slots: await this.#tester.used('slots') };
  }

  #pass(ms: number): Promise<void> {
    return new Promise((resolve) => void this.#tester.clock.after(ms, resolve));
  }

  async #connect(pid: number): Promise<RawClient> {
    const client = await connectRaw(this.#address);
    client.send(hello({ pid }));
    assert.equal((await client.next())?.['type'], 'welcome');
    return client;
  }

  async #holds(sessionId: string): Promise<void> {
    const live = await this.#tester.ledger.liveSessions();
    assert.ok(
      live.some((session) => session.sessionId === sessionId),
      `session ${sessionId} of a live process is lost`,
    );
  }

  async #comeBack(pid: number, sessionId: string, before: RawClient, awayMs: number): Promise<RawClient> {
    before.socket.destroy();
    await this.#pass(awayMs);
    const client = await this.#connect(pid);
    client.send({ type: 'resume', sessionId });
    assert.deepEqual(await client.next(), { type: 'resumed', sessionId, live: true, observerPort });
    return client;
  }

  async #end(sessionId: string, client: RawClient): Promise<void> {
    client.send({ type: 'end', sessionId });
    await client.closed;
    const live = await this.#tester.ledger.liveSessions();
    assert.ok(
      live.every((session) => session.sessionId !== sessionId),
      'its slot is free when it is told so',
    );
  }

  #die(pid: number, client: RawClient): Promise<void> {
    this.#tester.processes.end(pid);
    client.socket.destroy();
    return client.closed;
  }
}

async function answered(client: RawClient): Promise<Record<string, unknown>> {
  for (;;) {
    const message = await client.next();
    assert.ok(message !== undefined, 'the connection was lost before there was an answer');
    if (message['type'] !== 'waiting') return message;
  }
}

/** Where an engine hears observed agents: these are not. */
const observerPort = 9;

describe(`${launchers} launchers that come and go at random`, function () {
  this.timeout(Math.max(60_000, propertyRuns.numRuns * 1000));

  it('lose no session that they hold, and leave none behind', async () => {
    const directory = await mkdtemp(path.join(tmpdir(), 'aq many '));
    const lives = fc.array(life, { minLength: launchers, maxLength: launchers });
    const property = fc.asyncProperty(lives, async (given) => {
      const tester = new CoordinatorTester(apiKeyPlan({ concurrentAgents: slots })).configure();
      const server: ControlServer = await startControlServer({
        directory,
        platform: process.platform,
        secret: 'the secret',
        sessions: launcherSessions(tester.coordinator, tester.lineMoves, tester.clock, observerPort),
        queries: () => undefined,
        processTable: tester.processes,
        logger: createMemoryLogger(),
        helloWithinMs: 60_000,
      });
      try {
        const many = new ManyLaunchers(server.address, tester);
        await many.run(given);
        assert.deepEqual(await many.left(), { sessions: [], line: [], slots: 0 });
      } finally {
        await server.close();
        await tester.coordinator.dispose();
      }
    });
    // What fails is told with the seed that makes it again; smaller ones would be looked for among other orders of events.
    await fc.assert(property, { numRuns: Math.ceil(propertyRuns.numRuns / 500), endOnFailure: true });
    await rm(directory, { recursive: true });
  });
});
