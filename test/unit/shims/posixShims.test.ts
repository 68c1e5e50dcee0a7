import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { agentQuotaScript, claudeScript, shellScript } from '../../../src/shims/posixShims.ts';
import { markedBytes, shimMarker } from '../../../src/shared/shimMarker.ts';

/** Stands for the launcher: tells how it was started. */
const teller = `console.log(JSON.stringify({
  args: process.argv.slice(2), home: process.env.AGENT_QUOTA_HOME, asNode: process.env.ELECTRON_RUN_AS_NODE }))`;
const ignoredTeller = 'console.log(process.env.AGENT_QUOTA_IGNORED.trim())';
const realLauncher = path.resolve(import.meta.dirname, '..', '..', '..', 'src', 'launcher', 'main.ts');

const shells = ['sh', 'dash', 'bash', 'zsh', 'fish', 'ksh'].flatMap((name) => {
  const files = (process.env['PATH'] ?? '').split(path.delimiter).map((directory) => path.join(directory, name));
  return files.find((file) => existsSync(file)) ?? [];
});

describe('commands for POSIX shells', function () {
  let root: string;
  let launcher: string;
  let wrap: string;
  let real: string;

  const script = (file: string, text: string): string => {
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, text);
    chmodSync(file, 0o755);
    return file;
  };
  const targets = (): Parameters<typeof claudeScript>[0] => ({
    version: '0.1.0',
    node: process.execPath,
    launcher,
    home: path.join(root, 'home of "$engines'),
  });
  const run = (shell: string, line: string, environment: Record<string, string> = {}): [string, number | null] => {
    const PATH = [wrap, path.join(root, 'bin'), real, process.env['PATH']].join(path.delimiter);
    const env = { PATH, HOME: root, ...environment };
    const { stdout, stderr, status } = spawnSync(shell, ['-c', line], { env, encoding: 'utf8' });
    return [stdout + stderr, status];
  };

  before(function () {
    if (process.platform === 'win32') this.skip();
  });
  beforeEach(async () => {
    root = await mkdtemp(path.join(tmpdir(), `it's "50%" $HOME \`x\` \\ `));
    launcher = path.join(root, 'launcher.cjs');
    wrap = path.join(root, 'wrap');
    real = path.join(root, 'real');
    writeFileSync(launcher, teller);
    script(path.join(wrap, 'claude'), claudeScript(targets()));
    script(path.join(root, 'bin', 'agent-quota'), agentQuotaScript(targets()));
    script(path.join(real, 'claude'), '#!/bin/sh\nprintf "the real one:"\nprintf " [%s]" "$@"\nexit 3\n');
  });
  afterEach(() => rm(root, { recursive: true }));

  it('are known by their marker', () => {
    for (const text of [claudeScript(targets()), agentQuotaScript(targets()), shellScript(targets())]) {
      assert.ok(text.slice(0, markedBytes).includes(shimMarker));
    }
  });

  for (const shell of shells) {
    it(`start the launcher with the arguments as they are, from ${path.basename(shell)}`, () => {
      const [told] = run(shell, `agent-quota run -- 'a  b' '"' '*' '%PATH%'`);
      const args = ['run', '--', 'a  b', '"', '*', '%PATH%'];
      assert.deepEqual(JSON.parse(told), { args, home: targets().home, asNode: '1' });
      const [wrapped] = run(shell, `claude -p 'two\nlines'`, { AGENT_QUOTA_HOME: '/its own' });
      const passed = ['run', '--shim', '--', 'claude', '-p', 'two\nlines'];
      assert.deepEqual(JSON.parse(wrapped), { args: passed, home: '/its own', asNode: '1' });
    });

    it(`run the real claude where the extension is gone, and no other variant’s command, from ${path.basename(shell)}`, async () => {
      await rm(launcher);
      const other = path.join(root, 'bin', 'claude');
      symlinkSync(path.join(wrap, 'claude'), other);
      assert.deepEqual(run(shell, `claude 'a  b' '*'`), ['the real one: [a  b] [*]', 3]);
      const [said, code] = run(shell, 'agent-quota status');
      assert.equal(code, 127);
      assert.match(said, /^agent-quota: the extension Agent Quota is not where it was \(.*launcher\.cjs\)\. Install/);
      await rm(path.join(real, 'claude'));
      mkdirSync(path.join(real, 'claude'));
      assert.deepEqual(run(shell, 'claude', { PATH: `${wrap}::${real}` }), ['claude: not found\n', 127]);
    });
  }

  // The shell that runs a script: what it ignores itself is not to be told.
  for (const shell of shells.filter((file) => !file.endsWith('fish'))) {
    it(`tell the launcher which signals are ignored, run by ${path.basename(shell)}`, function () {
      if (process.platform !== 'linux') this.skip();
      writeFileSync(launcher, ignoredTeller);
      script(path.join(root, 'ignoring'), agentQuotaScript(targets()));
      const start = `"${shell}" "$HOME/ignoring" status`;
      const told = (line: string): string => run('sh', line, { AGENT_QUOTA_IGNORED: 'HUP' })[0].trim();
      assert.equal(told(start), '', 'nothing, whatever the variable was before');
      assert.equal(told(`trap '' HUP; ${start}`), 'HUP');
      assert.equal(told(`trap '' HUP INT QUIT TERM; ${start}`), 'HUP INT QUIT TERM');
      assert.equal(told(`trap '' TERM; ${start}`), 'TERM');
      assert.equal(told(`trap '' USR1 PIPE; ${start}`), '', 'others');
      assert.equal(told(`${start} & wait`), 'INT QUIT', 'in the background of a script');
    });
  }

  it('have launcher and agent outlive signals that were ignored, as under nohup, and hand on the others', async function () {
    if (process.platform !== 'linux') this.skip();
    launcher = realLauncher;
    script(path.join(root, 'bin', 'agent-quota'), agentQuotaScript(targets()));
    script(path.join(root, 'agent'), '#!/bin/sh\ngrep SigIgn /proc/$$/status\nwhile :; do sleep 0.05; done\n');
    const line = `trap '' HUP; exec "$HOME/bin/agent-quota" run -- "$HOME/agent"`;
    const child = spawn('/bin/sh', ['-c', line], { env: { PATH: process.env['PATH'], HOME: root }, detached: true });
    const ended = once(child, 'exit');
    try {
      const [mask] = (await once(child.stdout, 'data')) as [Buffer];
      assert.match(mask.toString(), /^SigIgn:\s+[0-9a-f]*1\n$/);
      // All of the terminal's processes, as when it is closed.
      process.kill(-(child.pid ?? 0), 'SIGHUP');
      assert.equal(await Promise.race([ended, sleep(500, 'alive')]), 'alive');
    } finally {
      child.kill('SIGTERM');
    }
    assert.deepEqual(await ended, [null, 'SIGTERM']);
  });

  it('find a real claude that is a binary, behind a link, in the current directory', () => {
    const directory = path.join(root, 'work');
    mkdirSync(directory);
    symlinkSync(process.execPath, path.join(directory, 'claude'));
    const gone = { ...targets(), launcher: '/gone' };
    script(path.join(wrap, 'claude'), claudeScript(gone));
    const ended = spawnSync(path.join(wrap, 'claude'), ['-p', '6*7'], {
      cwd: directory,
      env: { PATH: `${wrap}:` },
      encoding: 'utf8',
    });
    assert.equal(ended.stdout.trim(), '42');
  });

  it('stand for a shell, with its arguments, and are that shell where the extension is gone', async () => {
    const shell = script(path.join(root, 'shells', 'bash'), shellScript(targets()));
    const env = { AGENT_QUOTA_AGENT: 'agent-1', AGENT_QUOTA_SHELL: '/bin/sh' };
    const start = (): string => spawnSync(shell, ['-c', 'echo "$0" $1', 'a b', 'c'], { env, encoding: 'utf8' }).stdout;
    const passed = ['run', '--terminal', '--agent=agent-1', '--', '/bin/sh', '-c', 'echo "$0" $1', 'a b', 'c'];
    assert.deepEqual((JSON.parse(start()) as { args: string[] }).args, passed);
    await rm(launcher);
    assert.ok(!existsSync(launcher));
    assert.equal(start(), 'a b c\n');
  });
});
