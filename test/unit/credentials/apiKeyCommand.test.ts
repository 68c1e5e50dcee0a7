import assert from 'node:assert/strict';
import { ApiKeyCommand } from '../../../src/credentials/apiKeyCommand.ts';
import type { KeyCommandOutcome } from '../../../src/credentials/keyCommandRun.ts';
import { FakeClock, settled } from '../../fakes/fakeClock.ts';

const minute = 60_000;
const line = 'print-key';
const gives = (key: string): KeyCommandOutcome => ({ kind: 'key', key });
const fails: KeyCommandOutcome = { kind: 'failed', why: 'ended with exit code 1: signed out' };

interface Run {
  readonly line: string;
  readonly secrets: readonly string[];
  readonly signal: AbortSignal;
  readonly end: (outcome: KeyCommandOutcome) => Promise<void>;
}

describe('the key of a command', () => {
  let clock: FakeClock;
  let runs: Run[];
  let changes: number;
  let command: ApiKeyCommand;

  beforeEach(() => {
    clock = new FakeClock();
    runs = [];
    changes = 0;
    command = new ApiKeyCommand({
      clock,
      run: (given, secrets, signal) => {
        const { promise, resolve } = Promise.withResolvers<KeyCommandOutcome>();
        const end = async (outcome: KeyCommandOutcome): Promise<void> => {
          resolve(outcome);
          await settled();
        };
        runs.push({ line: given, secrets, signal, end });
        return promise;
      },
    });
    command.onDidChange(() => (changes += 1));
    command.follow({ line, refreshMs: 5 * minute });
  });

  const last = (): Run => runs.at(-1) ?? assert.fail('It was not run.');
  /** What there is now, without waiting for a run. */
  const key = async (): Promise<string | undefined> => (await command.current())?.key;
  async function started(outcome = gives('first')): Promise<void> {
    const current = command.current();
    await last().end(outcome);
    await current;
  }

  it('is not asked for where no command is set', async () => {
    command.follow({ line: '', refreshMs: minute });
    assert.equal(await command.current(), undefined);
    assert.equal(runs.length, 0);
    assert.equal(clock.timers, 0);
  });

  it('is asked for once by all that want it, and kept', async () => {
    const both = Promise.all([command.current(), command.current()]);
    await last().end(gives('first'));
    const found = { line, key: 'first', problem: undefined };
    assert.deepEqual(await both, [found, found]);
    assert.deepEqual(await command.current(), found);
    assert.equal(runs.length, 1);
    assert.equal(changes, 0, 'those who asked know it');
  });

  it('is asked for again when its time is over, and told when it is another', async () => {
    await started();
    await clock.advance(5 * minute - 1);
    assert.equal(runs.length, 1);
    await clock.advance(1);
    assert.equal(runs.length, 2);
    assert.equal(await key(), 'first', 'the old one serves meanwhile');
    await last().end(gives('first'));
    assert.equal(changes, 0);
    await clock.advance(5 * minute);
    await last().end(gives('second'));
    assert.equal(changes, 1);
    assert.equal(await key(), 'second');
  });

  it('that is rejected is asked for at once, by one run however many rejections there are', async () => {
    await started();
    await clock.advance(minute);
    for (let index = 0; index < 5; index += 1) command.wanted();
    assert.equal(runs.length, 2);
    assert.deepEqual(last().secrets, ['first'], 'which no error may repeat');
    command.wanted();
    await last().end(gives('second'));
    assert.deepEqual([runs.length, changes, await key()], [2, 1, 'second']);
  });

  it('that is rejected again and again is asked for every ten seconds at most', async () => {
    await started();
    for (let second = 0; second < 60; second += 1) {
      command.wanted();
      await clock.advance(1000);
      await runs.at(-1)?.end(gives('first'));
    }
    assert.ok(runs.length >= 6 && runs.length <= 7, String(runs.length));
    clock.jump(-3600_000);
    command.wanted();
    await clock.advance(10_000);
    await last().end(gives('second'));
    assert.equal(await key(), 'second', 'also after the clock was set back');
  });

  it('stays when another cannot be had, with a warning that says why', async () => {
    await started();
    await clock.advance(5 * minute);
    await last().end(fails);
    assert.equal(changes, 1);
    const found = await command.current();
    assert.equal(found?.key, 'first');
    assert.deepEqual([found.problem?.code, found.problem?.severity], ['key-command-stale', 'warning']);
    assert.equal(found.problem?.message, 'The command of agentQuota.apiKeyCommand ended with exit code 1: signed out.');
    await clock.advance(5 * minute);
    await last().end(fails);
    assert.equal(changes, 1, 'the same trouble is no news');
    await clock.advance(5 * minute);
    await last().end(gives('first'));
    assert.equal(changes, 2);
    assert.equal((await command.current())?.problem, undefined);
  });

  it('that could never be had is an error, and is asked for again when it is wanted, not at once', async () => {
    await started(fails);
    const found = await command.current();
    assert.deepEqual([found?.key, found?.problem?.code], [undefined, 'key-command-failed']);
    assert.match(found?.problem?.nextStep ?? '', /in a terminal/);
    assert.equal(runs.length, 1);
    await clock.advance(10_000);
    const wanted = command.current();
    await last().end(gives('first'));
    assert.equal((await wanted)?.key, 'first');
    assert.equal(runs.length, 2);
  });

  it('that could never be had is asked for when an agent wants it, less and less often, and told', async () => {
    command.wanted();
    assert.equal(runs.length, 0, 'nobody has asked for it yet');
    await started(fails);
    for (let count = 0; count < 3; count += 1) command.wanted();
    await clock.advance(9999);
    assert.equal(runs.length, 1);
    await clock.advance(1);
    assert.equal(runs.length, 2);
    await last().end(fails);
    command.wanted();
    await clock.advance(19_999);
    assert.equal(runs.length, 2, 'twice as long after each failure');
    await clock.advance(1);
    await last().end(gives('first'));
    assert.deepEqual([runs.length, changes, await key()], [3, 1, 'first']);
  });

  it('is asked for again after a run that came to nothing in a way nobody thought of', async () => {
    for (const run of [
      () => Promise.reject(new TypeError('cannot read stdout')),
      () => {
        throw new TypeError('cannot spawn');
      },
    ]) {
      let times = 0;
      const broken = new ApiKeyCommand({
        clock,
        run: () => {
          times += 1;
          return times === 1 ? run() : Promise.resolve(gives('first'));
        },
      });
      broken.follow({ line, refreshMs: minute });
      const found = await broken.current();
      assert.equal(found?.problem?.code, 'key-command-failed');
      assert.match(found.problem.message, /could not be run \(TypeError\)\.$/);
      await clock.advance(10_000);
      assert.equal((await broken.current())?.key, 'first');
      broken.dispose();
    }
  });

  it('of another command replaces it; the run of the old one is ended and its key forgotten', async () => {
    await started();
    await clock.advance(5 * minute);
    const old = last();
    command.follow({ line: 'another', refreshMs: 5 * minute });
    assert.ok(old.signal.aborted);
    const wanted = command.current();
    await old.end(gives('too late'));
    await last().end(gives('second'));
    assert.deepEqual(await wanted, { line: 'another', key: 'second', problem: undefined });
    assert.equal(changes, 0);
  });

  it('is refreshed at another pace when that is set', async () => {
    await started();
    command.follow({ line, refreshMs: minute });
    await clock.advance(minute);
    assert.equal(runs.length, 2);
  });

  it('is gone when the window ends, with its run and its timers', async () => {
    await started();
    await clock.advance(5 * minute);
    const waiting = command.current();
    command.dispose();
    assert.ok(last().signal.aborted);
    await last().end(gives('too late'));
    assert.equal((await waiting)?.key, 'first', 'it was asked for before the end');
    assert.equal(await command.current(), undefined);
    command.wanted();
    assert.equal(clock.timers, 0);
    assert.equal(runs.length, 2);
  });
});
