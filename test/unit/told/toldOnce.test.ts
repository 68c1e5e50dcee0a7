import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ToldOnce } from '../../../src/told/toldOnce.ts';

const clock = { now: () => Date.now(), after: () => () => undefined };

describe('what the user has been told', () => {
  let base: string;
  let directory: string;
  const windows = (count: number): ToldOnce[] => Array.from({ length: count }, () => new ToldOnce(directory, clock));

  beforeEach(async () => {
    base = await mkdtemp(path.join(tmpdir(), 'aq told '));
    directory = path.join(base, 'told');
  });
  afterEach(() => rm(base, { recursive: true }));

  it('is told by one window of many that want to in the same moment', async () => {
    for (const key of ['75%', '90%']) {
      const claims = await Promise.all(windows(20).map((window) => window.claim(key)));
      assert.equal(claims.filter(Boolean).length, 1, key);
    }
  });

  it('is told by one process of several', async () => {
    const script =
      `const { ToldOnce } = await import(${JSON.stringify(path.resolve('src/told/toldOnce.ts'))});` +
      `const told = new ToldOnce(process.argv[1], { now: Date.now });` +
      `const won = []; for (let i = 0; i < 50; i++) if (await told.claim('key ' + i)) won.push(i);` +
      `console.log(JSON.stringify(won));`;
    const won = await Promise.all(
      [1, 2, 3].map(async () => {
        const child = spawn(process.execPath, ['--input-type=module-typescript', '-e', script, directory]);
        let text = '';
        child.stdout.on('data', (part) => (text += String(part)));
        await new Promise((resolve) => child.on('close', resolve));
        return JSON.parse(text) as number[];
      }),
    );
    assert.deepEqual(
      won.flat().sort((a, b) => a - b),
      Array.from({ length: 50 }, (_, index) => index),
    );
  });

  it('is not told again by the same window, by a later one, or under a key that is as good', async () => {
    const [first, second] = windows(2);
    assert.equal(await first?.claim('until 7'), true);
    assert.equal(await first?.claim('until 7'), false);
    assert.equal(await first?.claim('until 8', ['until 7', 'until 9']), false);
    assert.equal(await second?.claim('until 8', ['until 7', 'until 9']), false);
    assert.equal(await second?.claim('until 10', ['until 9', 'until 11']), true);
  });

  it('is told once a window where nothing can be kept', async () => {
    await writeFile(directory, 'a file where the directory should be');
    const [first, second] = windows(2);
    assert.equal(await first?.claim('key'), true);
    assert.equal(await first?.claim('key'), false);
    assert.equal(await second?.claim('key'), true);
  });

  it('is forgotten when its period is long over', async () => {
    const [first, second] = windows(2);
    await first?.claim('old');
    await first?.claim('new');
    const [name = ''] = await readdir(directory);
    const before = new Date(Date.now() - 16 * 24 * 3_600_000);
    await utimes(path.join(directory, name), before, before);
    await second?.claim('other');
    const left = await readdir(directory);
    assert.equal(left.length, 2);
    assert.ok(!left.includes(name));
  });
});
