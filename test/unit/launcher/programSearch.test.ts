import assert from 'node:assert/strict';
import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { findProgram, type FoundProgram } from '../../../src/launcher/programSearch.ts';
import { shimMarker } from '../../../src/shared/shimMarker.ts';
import { findBehindShim } from '../../../src/launcher/wrapperChain.ts';
import { claudeScript } from '../../../src/shims/posixShims.ts';
import { claudeBatch } from '../../../src/shims/windowsShims.ts';
import { launcherScript, startLauncher } from './startedLauncher.ts';

const targets = { version: '0.1.0', node: '/node', launcher: '/launcher', home: '/home' };

describe('the program that a name stands for', () => {
  let root: string;
  beforeEach(async () => {
    root = await mkdtemp(path.join(tmpdir(), 'search '));
  });
  afterEach(() => rm(root, { recursive: true }));

  const file = async (name: string, text = '', mode = 0o755): Promise<string> => {
    const whole = path.join(root, name);
    await mkdir(path.dirname(whole), { recursive: true });
    await writeFile(whole, text);
    await chmod(whole, mode);
    return whole;
  };
  const find = (
    command: string,
    platform: NodeJS.Platform,
    directories: readonly string[],
    more: Record<string, string> = {},
  ): FoundProgram => {
    const list = directories.map((directory) => path.join(root, directory));
    const PATH = list.join(platform === 'win32' ? ';' : ':');
    return findProgram(command, { platform, environment: { [platform === 'win32' ? 'Path' : 'PATH']: PATH, ...more } });
  };

  for (const platform of ['linux', 'darwin'] as const) {
    it(`is the first that can be run and is none of our commands, on ${platform}`, async function () {
      if (process.platform === 'win32') this.skip();
      await file('shim/claude', claudeScript(targets));
      await mkdir(path.join(root, 'directory', 'claude'), { recursive: true });
      const plain = await file('plain/claude', 'text', 0o644);
      const target = await file('lib/cli.js', '#!/usr/bin/env node\n');
      await mkdir(path.join(root, 'link'));
      await symlink('../lib/cli.js', path.join(root, 'link', 'claude'));
      await symlink(path.join(root, 'shim', 'claude'), path.join(root, 'lib', 'claude'));
      await file('later/claude');
      const order = ['none', 'shim', 'directory', 'plain', 'lib', 'link', 'later'];
      const link = path.join(root, 'link', 'claude');
      assert.deepEqual(find('claude', platform, order), { kind: 'found', file: link });
      assert.deepEqual(find('cli.js', platform, order), { kind: 'found', file: target });
      const blocked = find('claude', platform, ['shim', 'plain']);
      assert.deepEqual(blocked, { kind: 'notExecutable', file: plain });
      assert.deepEqual(find('claude', platform, ['shim', 'lib']), { kind: 'missing' });
      assert.deepEqual(find('./claude', platform, []), { kind: 'found', file: './claude' });
    });
  }

  it('is found in the current directory where PATH says so', function () {
    if (process.platform === 'win32') this.skip();
    const environment = { PATH: '/none::/none' };
    const found = findProgram('node_modules', { platform: 'linux', environment });
    assert.deepEqual(found, { kind: 'missing' }, 'a directory');
    const package_ = findProgram('package.json', { platform: 'linux', environment });
    assert.deepEqual(package_, { kind: 'notExecutable', file: './package.json' });
  });

  /** What our `claude` starts, and what it hands on, when it is started over and over with what it has handed on. */
  const chain = (length: number, platform: NodeJS.Platform, directories: readonly string[]): string[] => {
    const PATH = directories.map((directory) => path.join(root, directory)).join(platform === 'win32' ? ';' : ':');
    let environment: Record<string, string> = { PATH, PATHEXT: '.exe;.cmd' };
    return Array.from({ length }, () => {
      const { found, variables } = findBehindShim('claude', { platform, environment });
      environment = { ...environment, ...variables };
      return `${found.kind === 'found' ? path.relative(root, found.file) : found.kind} ${variables['AGENT_QUOTA_CLAUDE'] ?? ''}`;
    });
  };

  it('is the one behind another tool’s wrapper that finds ours again, from the third time on', async function () {
    if (process.platform === 'win32') this.skip();
    await file('ours/claude', claudeScript(targets));
    const other = await file('other/claude', '#!/bin/sh\n');
    const real = await file('real/claude', '#!/usr/bin/env node\n');
    assert.deepEqual(chain(4, 'linux', ['ours', 'other', 'ours', 'real']), [
      `other/claude 1:${other}`,
      `other/claude 2:${other}`,
      `real/claude 1:${real}`,
      `other/claude 1:${other}`,
    ]);
    const alone = chain(5, 'linux', ['ours', 'other']);
    assert.equal(alone[4], `other/claude 5:${other}`, 'an agent in an agent is never refused');
    const binary = await file('binary/claude', '\u007fELF');
    assert.equal(chain(5, 'linux', ['ours', 'binary', 'real'])[4], `binary/claude 5:${binary}`);
    assert.deepEqual(chain(1, 'linux', ['ours']), ['missing ']);
  });

  it('is the one behind another tool’s wrapper on Windows too', async () => {
    await file('ours/claude.cmd', claudeBatch(targets, ''));
    const other = await file('other/claude.cmd', '@echo off');
    const real = await file('real/claude.exe', 'MZ');
    assert.deepEqual(chain(3, 'win32', ['ours', 'other', 'real']), [
      `${path.relative(root, other)} 1:${other}`,
      `${path.relative(root, other)} 2:${other}`,
      `${path.relative(root, real)} 1:${real}`,
    ]);
  });

  it('is not a wrapper that starts ours again without end', async function () {
    if (process.platform === 'win32') this.skip();
    const ours = await file(
      'ours/claude',
      `#!/bin/sh\n# ${shimMarker}\nexec "${process.execPath}" "${launcherScript}" run --shim -- claude "$@"\n`,
    );
    const guard = 'DEPTH=$((DEPTH + 1)); export DEPTH; [ $DEPTH -lt 6 ] || { echo endless; exit 9; }';
    await file('other/claude', `#!/bin/sh\n${guard}\nexec "${ours}" "$@"\n`);
    const real = await file('real/claude', '#!/bin/sh\necho "the real one, behind $DEPTH: $1 $AGENT_QUOTA_CLAUDE"\n');
    const PATH = [...['ours', 'other', 'real'].map((name) => path.join(root, name)), process.env['PATH']].join(':');
    const { code, stdout } = await startLauncher(['run', '--shim', '--', 'claude', 'a'], undefined, { PATH }).end;
    assert.deepEqual([code, stdout], [0, `the real one, behind 2: a 1:${real}\n`]);
  });

  it('has an extension on Windows, in the order of PATHEXT, whatever the case of the names', async () => {
    await file('shim/claude', claudeScript(targets));
    await file('shim/claude.cmd', claudeBatch(targets, ''));
    await file('npm/claude', '#!/bin/sh\n');
    const cmd = await file('npm/claude.cmd', '@echo off');
    const exe = await file('native/claude.exe', 'MZ');
    const extensions = { PathExt: '.exe;.cmd' };
    const found = (name: string, order: readonly string[]): FoundProgram => find(name, 'win32', order, extensions);
    assert.deepEqual(found('claude', ['shim', 'npm', 'native']), { kind: 'found', file: cmd });
    assert.deepEqual(found('claude', ['native', 'npm']), { kind: 'found', file: exe });
    assert.deepEqual(found('claude.exe', ['shim', 'npm', 'native']), { kind: 'found', file: exe });
    assert.deepEqual(found('claude.CMD', ['npm']), { kind: 'missing' }, 'where the file system tells case apart');
    assert.deepEqual(found('claude', ['shim']), { kind: 'missing' });
    const quoted = `"${path.join(root, 'native')}"; `;
    const usual = findProgram('claude', { platform: 'win32', environment: { PATH: quoted, PATHEXT: '.exe' } });
    assert.deepEqual(usual, { kind: 'found', file: exe });
    const whole = findProgram(String.raw`tools\x.cmd`, { platform: 'win32', environment: {} });
    assert.deepEqual(whole, { kind: 'found', file: String.raw`tools\x.cmd` });
  });
});
