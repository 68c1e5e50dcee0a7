import assert from 'node:assert/strict';
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import type { LedgerView } from '../../../../src/core/ledger.ts';
import { report, reported } from '../reports.ts';
import { temporaryDirectory } from '../temporaryDirectory.ts';
import { openHammerEngine, type HammerEngine } from './hammerEngine.ts';
import { readJournals } from './hammerJournal.ts';
import { hammerPlan, hammerTerms, isLong, limitedAgent, opus, opusInputTokensPerMinute } from './hammerPlan.ts';
import { bookedSums, countedAtAdmission, expectBooked, lowestLevels, mostOpen } from './hammerVerdict.ts';
import type { HammerWork } from './hammerWork.ts';

const hammeringMs = isLong ? 60_000 : 6000;
/** Each takes what some twenty requests hold with it; so that the limits are really reached, there is an end to it. */
const killEveryMs = isLong ? 3000 : 1500;
const killingMs = (hammeringMs * 2) / 3;
const processCount = 4;
const sessionsEach = 50;
const cleanWithinMs = 5000;

/** Four processes on one ledger, of which one is killed now and then and started again. */
class Hammer {
  readonly directory = temporaryDirectory();
  readonly failures: string[] = [];
  /** When each life that was killed was, by its name. */
  readonly deaths = new Map<string, number>();
  readonly #workers: { life: string; engineId: string; child: ChildProcess }[] = [];
  #lives = 0;
  watcher: HammerEngine | undefined;

  async start(): Promise<HammerEngine> {
    const watcher = await openHammerEngine(this.directory.path, 'watcher', (message) => this.failures.push(message));
    this.watcher = watcher;
    await watcher.manager.observe(
      report({ model: opus.name, limits: [reported('inputTokensPerMinute', opusInputTokensPerMinute)] }),
    );
    for (let index = 0; index < processCount; index += 1) this.#startWorker(`engine ${index}`);
    return watcher;
  }

  #startWorker(engineId: string): void {
    this.#lives += 1;
    const life = `life ${this.#lives}`;
    const work: HammerWork = { directory: this.directory.path, engineId, life, sessions: sessionsEach };
    const child = fork(new URL('hammerWorker.ts', import.meta.url), [JSON.stringify(work)]);
    this.#workers.push({ life, engineId, child });
  }

  /** Kills a process without a warning. @returns its engine's id. */
  async kill(): Promise<string> {
    const [worker] = this.#workers.splice(Math.floor(Math.random() * this.#workers.length), 1);
    assert.ok(worker);
    const { life, engineId, child } = worker;
    assert.equal(child.exitCode, null, 'a worker has ended by itself');
    this.deaths.set(life, Date.now());
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
    return engineId;
  }

  /** Kills a process and starts another: as the same window, or as a new one while the old one's rests are found. */
  async killAndRestart(): Promise<void> {
    const engineId = await this.kill();
    this.#startWorker(this.#lives % 2 === 0 ? engineId : `engine of life ${this.#lives}`);
  }

  /** Ends half of the processes in an orderly way and kills the rest. */
  async end(): Promise<void> {
    const orderly = this.#workers.splice(0, processCount / 2);
    const ends = orderly.map(async ({ child }) => {
      const gone = once(child, 'exit');
      child.send('stop');
      await gone;
    });
    await Promise.all(ends);
    while (this.#workers.length > 0) await this.kill();
  }

  async dispose(): Promise<void> {
    for (const { child } of this.#workers) child.kill('SIGKILL');
    await this.watcher?.close();
    this.directory.remove();
  }
}

/** What is left over in a ledger that nobody uses any more. */
function leftOver({ sessions, activity, line, status }: LedgerView): string {
  const slots = status.limits.find(({ dimension }) => dimension === 'slots')?.used ?? 0;
  return `${sessions.length} sessions, ${activity.size} with requests, ${line.length} in line, ${slots} slots`;
}

const nothingLeft = '0 sessions, 0 with requests, 0 in line, 0 slots';

describe('a ledger that four processes hammer', () => {
  let hammer: Hammer;

  beforeEach(() => {
    hammer = new Hammer();
  });
  afterEach(() => hammer.dispose());

  it('passes no limit, loses nothing and leaks nothing, though they are killed', async function () {
    this.timeout(hammeringMs + 60_000);
    const watcher = await hammer.start();
    const begun = Date.now();
    let nextKill = begun + killEveryMs;
    let looks = 0;
    while (Date.now() < begun + hammeringMs) {
      const { status } = await watcher.manager.view();
      looks += 1;
      for (const { dimension, limit, used, models } of status.limits) {
        assert.ok(used <= limit, `${used} of ${limit} ${dimension} ${models ?? ''} are used`);
      }
      if (Date.now() >= nextKill && Date.now() < begun + killingMs) {
        nextKill += killEveryMs;
        await hammer.killAndRestart();
      }
      await pause(50);
    }
    await hammer.end();

    const ended = Date.now();
    let left = leftOver(await watcher.manager.view());
    while (left !== nothingLeft && Date.now() - ended < cleanWithinMs) {
      await pause(50);
      left = leftOver(await watcher.manager.view());
    }
    const cleanMs = Date.now() - ended;
    assert.equal(left, nothingLeft);

    const journals = readJournals(hammer.directory.path);
    const entries = [...journals.values()].flat();
    assert.deepEqual(
      [...hammer.failures, ...entries.flatMap((entry) => (entry.kind === 'failed' ? [entry.message] : []))],
      [],
    );
    const counted = entries.filter((entry) => entry.kind === 'counted');
    for (const how of [counted, countedAtAdmission(entries)]) {
      for (const [name, level] of lowestLevels(how)) assert.ok(level > -1e-3, `${name} went down to ${level}`);
    }
    const most = mostOpen(journals, hammer.deaths, () => true);
    assert.ok(most <= hammerPlan.concurrentAgents, `${most} sessions at once`);
    for (const name of ['limited-1', 'limited-2']) {
      const ofAgent = mostOpen(journals, hammer.deaths, ({ agent }) => agent === name);
      assert.ok(ofAgent <= limitedAgent.concurrentSessions, `${ofAgent} sessions of ${name} at once`);
    }
    const said = expectBooked(hammer.directory.path, entries);
    for (const sum of bookedSums(hammer.directory.path)) assert.deepEqual(sum, said);
    const held = await watcher.ledger.view(hammerTerms, Date.now() + 120_000);
    for (const { dimension, used } of held.status.limits) assert.equal(used, 0, `${dimension} is held for ever`);

    const admitted = entries.filter(({ kind }) => kind === 'admitted').length;
    assert.ok(admitted > hammerPlan.requestsPerMinute / 10, `only ${admitted} requests were admitted`);
    if (!isLong) return;
    const levels = [...lowestLevels(counted)].map(([name, level]) => `${name} ${level.toFixed(2)}`).join(', ');
    console.log(
      `      ${admitted} admitted, ${counted.length} counted, ${hammer.deaths.size} kills, ${looks} looks, most ${most} sessions, clean after ${cleanMs} ms, ${JSON.stringify(said)}; lowest levels: ${levels}`,
    );
  });
});
