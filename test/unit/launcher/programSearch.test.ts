import assert from 'node:assert/strict';
import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { findProgram, type FoundProgram } from '../../../src/launcher/programSearch.ts';
import { claudeScript } from '../../../src/shims/posixShims.ts';
import { claudeBatch } from '../../../src/shims/windowsShims.ts';

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
