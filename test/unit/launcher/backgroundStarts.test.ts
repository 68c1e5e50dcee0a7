import assert from 'node:assert/strict';
import { chmodSync, readdirSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { backgroundStarter, noteBackgroundStart } from '../../../src/launcher/backgroundStarts.ts';
import { startsBackground } from '../../../src/launcher/observed/claudeCommand.ts';
import { temporaryDirectory } from '../ledger/temporaryDirectory.ts';

const now = Date.now();
const one = { sessionId: 's1', agentId: 'one' };
const other = { sessionId: 's2', agentId: 'other' };

describe('who starts background sessions', () => {
  let directory: ReturnType<typeof temporaryDirectory>;
  const found = (cwd: string, at: number, alive: readonly number[] = [], bootedAt = now - 1000): unknown =>
    backgroundStarter({ home: directory.path, cwd, now: at, bootedAt, isAlive: (pid) => alive.includes(pid) });

  beforeEach(() => {
    directory = temporaryDirectory();
  });
  afterEach(() => {
    directory.remove();
  });

  it('is the last one who said so in a folder, for a while', () => {
    assert.equal(found('/w', now), undefined);
    noteBackgroundStart(directory.path, '/w', one, now);
    noteBackgroundStart(directory.path, '/v', other, now);
    assert.deepEqual(found('/w', now + 29_000), one);
    assert.equal(found('/w', now + 31_000), undefined);
    noteBackgroundStart(directory.path, '/w', other, now + 40_000);
    assert.deepEqual(found('/w', now + 41_000), other);
  });

  it('is a view as long as it is open', () => {
    noteBackgroundStart(directory.path, '/w', { ...one, pid: 7 }, now);
    assert.deepEqual(found('/w', now + 3_600_000, [7]), one);
    assert.equal(found('/w', now + 3_600_000, [8]), undefined);
    assert.equal(found('/w', now + 3_600_000, [7], now + 60_000), undefined, 'the machine was started since');
    noteBackgroundStart(directory.path, '/w', other, now + 10_000);
    assert.deepEqual(found('/w', now + 11_000, [7]), other, 'who said so last');
    assert.deepEqual(found('/w', now + 60_000, [7]), one);
    const close = noteBackgroundStart(directory.path, '/w', { ...one, pid: 7 }, now);
    close();
    assert.equal(found('/w', now + 60_000, [7]), undefined);
  });

  it('is nobody where notes cannot be written or are none', () => {
    noteBackgroundStart(join(directory.path, 'none'), '/w', one, now);
    noteBackgroundStart(directory.path, '/w', one, now);
    const [name = ''] = readdirSync(directory.path);
    for (const text of ['', '{', '{"sessionId":"s"}', '{"sessionId":"s","agentId":"no name","at":1}']) {
      writeFileSync(join(directory.path, name), text);
      assert.equal(found('/w', now), undefined, text);
    }
  });

  it('is not written where others may write, nor over what is there', function () {
    if (process.platform === 'win32') this.skip();
    chmodSync(directory.path, 0o755);
    noteBackgroundStart(directory.path, '/w', one, now);
    assert.deepEqual(readdirSync(directory.path), []);
  });

  it('is written down for its user alone, and forgotten', function () {
    const at = Date.now();
    noteBackgroundStart(directory.path, '/w', one, at);
    const [name = ''] = readdirSync(directory.path);
    const file = join(directory.path, name);
    if (process.platform !== 'win32') assert.equal(statSync(file).mode & 0o777, 0o600);
    utimesSync(file, new Date(at - 2 * 86_400_000), new Date(at - 2 * 86_400_000));
    noteBackgroundStart(directory.path, '/v', one, at);
    assert.equal(readdirSync(directory.path).length, 1);
    assert.ok(!readdirSync(directory.path).includes(name));
  });

  it('is told by the arguments of Claude Code', () => {
    assert.equal(startsBackground(['--bg', 'say hi']), 'one');
    assert.equal(startsBackground(['--model', 'opus', '--background', 'say hi']), 'one');
    assert.equal(startsBackground(['agents']), 'some');
    assert.equal(startsBackground(['-p', 'list the agents']), undefined);
    assert.equal(startsBackground(['-p', '--', '--bg']), undefined);
  });
});
