import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { keptLauncherSecret } from '../../../src/control/launcherSecret.ts';

describe('secret of the launchers', () => {
  let base: string;
  let directory: string;
  beforeEach(async () => {
    base = await mkdtemp(path.join(tmpdir(), 'secret '));
    directory = path.join(base, 'sockets');
  });
  afterEach(() => rm(base, { recursive: true }));

  it('is the same after a reload of the window, and only the user can read it', async () => {
    const secret = await keptLauncherSecret(directory);
    assert.match(secret, /^[\w-]{32}$/);
    assert.equal(await keptLauncherSecret(directory), secret);
    assert.deepEqual(await readdir(directory), ['launcher-secret']);
    if (process.platform === 'win32') return;
    assert.equal((await stat(directory)).mode & 0o777, 0o700);
    assert.equal((await stat(path.join(directory, 'launcher-secret'))).mode & 0o777, 0o600);
  });

  it('is one for all windows that start at the same time', async () => {
    const secrets = await Promise.all(Array.from({ length: 20 }, () => keptLauncherSecret(directory)));
    assert.equal(new Set(secrets).size, 1);
    assert.deepEqual(await readdir(directory), ['launcher-secret']);
  });

  it('is another on another machine, and is made anew when its file is damaged', async () => {
    const secret = await keptLauncherSecret(directory);
    assert.notEqual(await keptLauncherSecret(path.join(base, 'another')), secret);
    const file = path.join(directory, 'launcher-secret');
    await writeFile(file, secret.slice(0, 10));
    const fresh = await keptLauncherSecret(directory);
    assert.match(fresh, /^[\w-]{32}$/);
    assert.equal(await readFile(file, 'utf8'), fresh);
  });
});
