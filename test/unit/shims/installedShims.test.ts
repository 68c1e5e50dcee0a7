import assert from 'node:assert/strict';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { installShims, integratedShells } from '../../../src/shims/installedShims.ts';
import { agentQuotaBatch, claudeBatch } from '../../../src/shims/windowsShims.ts';
import { markedBytes, shimMarker } from '../../../src/shared/shimMarker.ts';

describe('installed commands', () => {
  let storage: string;
  beforeEach(async () => {
    storage = await mkdtemp(path.join(tmpdir(), 'storage '));
  });
  afterEach(() => rm(storage, { recursive: true }));

  /** As a window with a version of the extension does, whose launcher is there. */
  const install = async (version: string, platform: NodeJS.Platform = 'linux'): Promise<string> => {
    const launcher = path.join(storage, `launcher-${version}.cjs`);
    await writeFile(launcher, '');
    const targets = { version, node: '/node', launcher, home: '/home' };
    await installShims(targets, { storage, platform, userProfile: '' });
    return launcher;
  };
  const claude = (): Promise<string> => readFile(path.join(storage, 'wrap', 'claude'), 'utf8');

  it('are there for the platform, for their user alone', async () => {
    await install('0.1.0');
    assert.deepEqual((await readdir(path.join(storage, 'bin'))).sort(), ['agent-quota', 'claude-process-wrapper']);
    assert.deepEqual(await readdir(path.join(storage, 'wrap')), ['claude']);
    assert.deepEqual((await readdir(path.join(storage, 'shells'))).sort(), [...integratedShells].sort());
    if (process.platform !== 'win32') {
      assert.equal((await stat(path.join(storage, 'bin'))).mode & 0o777, 0o700);
      assert.equal((await stat(path.join(storage, 'wrap', 'claude'))).mode & 0o777, 0o700);
    }
    await install('0.1.0', 'win32');
    assert.deepEqual((await readdir(path.join(storage, 'bin'))).sort(), [
      'agent-quota',
      'agent-quota.cmd',
      'claude-process-wrapper',
    ]);
    assert.deepEqual((await readdir(path.join(storage, 'wrap'))).sort(), ['claude', 'claude.cmd']);
  });

  it('are written only where they are not as they should be', async () => {
    await install('0.1.0');
    const before = await stat(path.join(storage, 'wrap', 'claude'));
    await install('0.1.0');
    assert.equal((await stat(path.join(storage, 'wrap', 'claude'))).ino, before.ino);
    await writeFile(path.join(storage, 'wrap', 'claude'), 'damaged');
    await install('0.1.0');
    assert.match(await claude(), new RegExp(shimMarker));
  });

  it('stay the newest version’s, as long as that is there', async () => {
    const newer = await install('0.10.0');
    await install('0.9.1');
    assert.match(await claude(), /agent-quota-shim 0\.10\.0/);
    await rm(newer);
    await install('0.9.1');
    assert.match(await claude(), /agent-quota-shim 0\.9\.1/);
    await writeFile(path.join(storage, 'shims.json'), '{"version":5');
    await install('0.9.0');
    assert.match(await claude(), /agent-quota-shim 0\.9\.0/);
  });

  it('of several windows at once are whole', async () => {
    await Promise.all(Array.from({ length: 10 }, () => install('0.1.0')));
    assert.match(await claude(), /exit 127\n$/);
    assert.deepEqual(await readdir(path.join(storage, 'wrap')), ['claude']);
  });

  it('that cannot be written are told of', async function () {
    if (process.platform === 'win32') this.skip();
    await mkdir(path.join(storage, 'wrap', 'claude', 'x'), { recursive: true });
    await assert.rejects(install('0.1.0'));
    await chmod(storage, 0o700);
    assert.deepEqual(await readdir(path.join(storage, 'wrap')), ['claude']);
  });
});

describe('commands for cmd.exe', () => {
  const profile = String.raw`C:\Users\Jörg`;
  const targets = {
    version: '0.1.0',
    node: String.raw`C:\Program Files (x86)\VS & Code\100% Code.exe`,
    launcher: String.raw`c:\users\JÖRG\.vscode\launcher.cjs`,
    home: String.raw`C:\Users\Jörg2\sockets`,
  };

  it('are known by their marker, and end their lines as cmd.exe wants them', () => {
    for (const text of [agentQuotaBatch(targets, profile), claudeBatch(targets, profile)]) {
      assert.ok(text.slice(0, markedBytes).includes(shimMarker));
      assert.ok(!/[^\r]\n/.test(text) && text.endsWith('\r\n'));
    }
  });

  it('have paths as they are, without the user’s name where that is part of it', () => {
    const lines = agentQuotaBatch(targets, profile).split('\r\n');
    assert.ok(lines.includes(String.raw`set "AQ_NODE=C:\Program Files (x86)\VS & Code\100%% Code.exe"`));
    assert.ok(lines.includes(String.raw`set "AQ_LAUNCHER=%USERPROFILE%\.vscode\launcher.cjs"`));
    assert.ok(lines.some((line) => line.endsWith(String.raw`set "AGENT_QUOTA_HOME=C:\Users\Jörg2\sockets"`)));
    assert.ok(lines.includes('"%AQ_NODE%" "%AQ_LAUNCHER%" %*'));
    assert.ok(claudeBatch(targets, '').includes('"%AQ_NODE%" "%AQ_LAUNCHER%" run --shim -- claude %*'));
  });
});
