import assert from 'node:assert/strict';
import { spawnSync, type SpawnSyncReturns } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { panelWrapperScript, processWrapperScript } from '../../../src/shims/wrapperScripts.ts';

/** Stands for the launcher: notes how it was asked, and gives the process a session. */
const registrar = (notes: string): string => `
require('node:fs').appendFileSync(${JSON.stringify(notes)}, JSON.stringify([...process.argv.slice(2), process.env.AGENT_QUOTA_HOME]) + '\\n');
console.log("export CLAUDE_SESSION_ID='own'");
console.log("export NASTY='it'\\\\''s \\"50%\\" $HOME \`x\`'");
console.log('unset GONE');`;

/** Stands for Claude Code: tells what it was started as. */
const claude = `console.log(JSON.stringify({ pid: process.pid, args: process.argv.slice(2),
  env: Object.fromEntries(['CLAUDE_SESSION_ID', 'NASTY', 'GONE', 'KEPT', 'ELECTRON_RUN_AS_NODE', 'AGENT_QUOTA_HOME'].map((name) => [name, process.env[name]])) }))`;

describe('the process wrapper', function () {
  let root: string;
  let launcher: string;
  let notes: string;

  const start = (...args: string[]): SpawnSyncReturns<string> => {
    const wrapper = path.join(root, 'claude-process-wrapper');
    const home = path.join(root, 'engines');
    const text = processWrapperScript({ version: '0.1.0', node: process.execPath, launcher, home });
    writeFileSync(wrapper, text, { mode: 0o700 });
    const env = { PATH: process.env['PATH'], HOME: root, CLAUDE_SESSION_ID: 'parent', GONE: '1', KEPT: 'a b' };
    return spawnSync(wrapper, [process.execPath, path.join(root, 'claude.cjs'), ...args], { env, encoding: 'utf8' });
  };
  const asked = (): string[][] =>
    existsSync(notes)
      ? readFileSync(notes, 'utf8')
          .trim()
          .split('\n')
          .map((line) => JSON.parse(line) as string[])
      : [];

  before(function () {
    if (process.platform === 'win32') this.skip();
  });
  beforeEach(async () => {
    root = await mkdtemp(path.join(tmpdir(), `it's "50%" $HOME \\ `));
    launcher = path.join(root, 'launcher.cjs');
    notes = path.join(root, 'notes');
    writeFileSync(launcher, registrar(notes));
    writeFileSync(path.join(root, 'claude.cjs'), claude);
  });
  afterEach(() => rm(root, { recursive: true }));

  it('gives a session of Claude Code one of ours, and becomes it with every argument and variable', () => {
    const prompt = 'say "hi"\n to $HOME  run';
    const { stdout, stderr, status, pid } = start('--session-id', 'an id', prompt, '');
    assert.equal(stderr, '');
    assert.equal(status, 0);
    const expected = {
      pid,
      args: ['--session-id', 'an id', prompt, ''],
      env: { CLAUDE_SESSION_ID: 'own', NASTY: `it's "50%" $HOME \`x\``, KEPT: 'a b' },
    };
    assert.deepEqual(JSON.parse(stdout), expected);
    const script = path.join(root, 'claude.cjs');
    const home = path.join(root, 'engines');
    assert.deepEqual(asked(), [
      ['register-process', String(pid), process.execPath, script, '--session-id', 'an id', prompt, '', home],
    ]);
  });

  it('gives none to the background service and to the terminals that it keeps', () => {
    const terminal = ['--bg-pty-host', '/sock', '200', '50', '--', '/wrapper', 'claude', '--session-id', 'x', 'hi'];
    for (const args of [['daemon', 'run', '--origin', 'transient'], terminal]) {
      const { stdout, stderr, status } = start(...args);
      assert.deepEqual([stderr, status], ['', 0]);
      const { args: started, env } = JSON.parse(stdout) as { args: string[]; env: Record<string, string> };
      assert.deepEqual(started, args);
      assert.equal(env['CLAUDE_SESSION_ID'], 'parent');
    }
    assert.deepEqual(asked(), []);
  });

  it('starts no warm spare, which would speak with another session’s key', () => {
    for (const args of [
      ['--bg-spare', '/sock'],
      ['--bg-pty-host', '/sock', '200', '50', '--', 'claude', '--bg-spare', '/s'],
    ]) {
      const { stdout, stderr, status } = start(...args);
      assert.deepEqual([stdout, stderr, status], ['', '', 1]);
    }
  });

  it('runs what it is given where the launcher is gone or fails', () => {
    for (const text of [undefined, 'console.log("export KEPT=lost"); process.exit(1)', 'not JavaScript']) {
      if (text === undefined) launcher = path.join(root, 'gone.cjs');
      else writeFileSync((launcher = path.join(root, 'launcher.cjs')), text);
      const { stdout, stderr, status } = start('--session-id', 'x');
      assert.deepEqual([stderr, status], ['', 0]);
      assert.equal((JSON.parse(stdout) as { env: Record<string, string> }).env['KEPT'], 'a b');
    }
  });

  describe('of the panel', () => {
    /** Starts it as the extension does, with the path of Claude Code or of Node.js and a script. */
    const startPanel = (own: string | undefined, ...args: string[]): SpawnSyncReturns<string> => {
      const wrapper = path.join(root, 'claude-panel-wrapper');
      const home = path.join(root, 'engines');
      const text = panelWrapperScript({ version: '0.1.0', node: process.execPath, launcher, home }, own);
      writeFileSync(wrapper, text, { mode: 0o700 });
      const env = { PATH: process.env['PATH'], HOME: root, GONE: '1', KEPT: 'a b' };
      return spawnSync(wrapper, [process.execPath, path.join(root, 'claude.cjs'), ...args], { env, encoding: 'utf8' });
    };
    const prompt = ['--output-format', 'stream-json', '--system-prompt', 'say "hi"\n to $HOME', ''];

    it('gives a conversation a session, and becomes Claude Code with every argument and variable', () => {
      const { stdout, stderr, status, pid } = startPanel(undefined, ...prompt);
      assert.deepEqual([stderr, status], ['', 0]);
      const started = JSON.parse(stdout) as { pid: number; args: string[]; env: Record<string, string> };
      assert.deepEqual([started.pid, started.args], [pid, prompt]);
      assert.deepEqual(started.env, { CLAUDE_SESSION_ID: 'own', NASTY: `it's "50%" $HOME \`x\``, KEPT: 'a b' });
      assert.equal(asked().length, 1);
      assert.deepEqual(asked()[0]?.slice(0, 2), ['register-process', String(pid)]);
    });

    it('gives none to commands that ask no model', () => {
      for (const args of [['auth', 'status', '--json'], ['plugin', 'list'], ['mcp', 'list'], ['--version']]) {
        const { stdout, stderr, status } = startPanel(undefined, ...args);
        assert.deepEqual([stderr, status], ['', 0]);
        assert.deepEqual((JSON.parse(stdout) as { args: string[] }).args, args);
      }
      assert.deepEqual(asked(), []);
    });

    it('starts the user’s own wrapper with the same arguments, in the session', () => {
      const own = path.join(root, 'own wrapper');
      writeFileSync(own, '#!/bin/sh\necho "own $# $CLAUDE_SESSION_ID"\nexec "$@"\n', { mode: 0o700 });
      const { stdout, stderr, status, pid } = startPanel(own, ...prompt);
      assert.deepEqual([stderr, status], ['', 0]);
      const [first, second = ''] = stdout.split('\n');
      assert.equal(first, `own ${prompt.length + 2} own`);
      assert.equal((JSON.parse(second) as { pid: number }).pid, pid);
    });

    it('runs what it is given where the launcher, Node.js or the user’s own wrapper is gone, or the launcher fails', () => {
      const own = path.join(root, 'gone');
      for (const text of [undefined, 'console.log("export KEPT=lost"); process.exit(1)', 'not JavaScript']) {
        if (text === undefined) launcher = path.join(root, 'gone.cjs');
        else writeFileSync((launcher = path.join(root, 'launcher.cjs')), text);
        const { stdout, stderr, status } = startPanel(own, ...prompt);
        assert.deepEqual([stderr, status], ['', 0]);
        const { args, env } = JSON.parse(stdout) as { args: string[]; env: Record<string, string> };
        assert.deepEqual([args, env['KEPT']], [prompt, 'a b']);
      }
    });
  });
});
