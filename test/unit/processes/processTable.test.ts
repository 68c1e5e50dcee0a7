import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createProcessTable, type ProcessTableOptions } from '../../../src/processes/processTable.ts';

/** A /proc of one process, 42. */
function linux(state: string, start: number, boot = 'b00t1d00-1111'): ProcessTableOptions {
  const stat = `42 (a (b) c) ${state} 1 ${'0 '.repeat(17)}${start} 0 0`;
  const files = new Map([
    ['/proc/42/stat', stat],
    ['/proc/sys/kernel/random/boot_id', `${boot}\n`],
  ]);
  return {
    platform: 'linux',
    readFile(path) {
      const text = files.get(path);
      if (text === undefined) throw new Error('ENOENT');
      return text;
    },
    kill: failing('ESRCH'),
  };
}

function failing(code: string): () => never {
  return () => {
    throw Object.assign(new Error(code), { code });
  };
}

describe('process table', () => {
  it('knows a process by when it started', () => {
    const identity = createProcessTable(linux('S', 900)).identify(42);
    assert.deepEqual(identity, { pid: 42, startMark: 'b00t1d00-900' });
    assert.equal(createProcessTable(linux('R', 900)).isAlive(identity), true);
    assert.equal(createProcessTable(linux('R', 901)).isAlive(identity), false);
    assert.equal(createProcessTable(linux('R', 900, 'another-boot')).isAlive(identity), false);
    assert.equal(createProcessTable(linux('R', 901)).isAlive({ pid: 42 }), true);
  });

  it('that could not read which boot it is ends nobody who started at that time, and reads it later', () => {
    const { readFile, ...rest } = linux('S', 900);
    assert.ok(readFile !== undefined);
    let files = 0;
    const table = createProcessTable({
      ...rest,
      readFile: (path) => {
        if (path.endsWith('boot_id') && (files += 1) <= 2) throw new Error('EMFILE');
        return readFile(path);
      },
    });
    const short = table.identify(42);
    assert.deepEqual(short, { pid: 42, startMark: '900' });
    const whole = createProcessTable(linux('S', 900)).identify(42);
    assert.equal(table.isAlive(whole), true, 'it may be the same boot');
    assert.equal(table.isAlive(short), true, 'the same process, whose boot is known now');
    assert.deepEqual(table.identify(42), whole);
    assert.equal(createProcessTable(linux('S', 901)).isAlive(short), false);
  });

  it('takes a zombie for dead, and a stopped process for alive', () => {
    for (const state of ['Z', 'X']) assert.equal(createProcessTable(linux(state, 900)).isAlive({ pid: 42 }), false);
    assert.equal(createProcessTable(linux('T', 900)).isAlive({ pid: 42 }), true);
  });

  it('knows nothing of a process that is not there', () => {
    const table = createProcessTable(linux('S', 900));
    assert.deepEqual(table.identify(43), { pid: 43 });
    assert.equal(table.isAlive({ pid: 43 }), false);
  });

  it('asks by a signal where there is no /proc', () => {
    const noProc: ProcessTableOptions = { platform: 'linux', readFile: failing('ENOENT') };
    for (const options of [noProc, { platform: 'darwin' }, { platform: 'win32' }] as const) {
      const alive = createProcessTable({ ...options, kill: () => undefined, uptime: failing('ENOSYS') });
      assert.deepEqual(alive.identify(42), { pid: 42 });
      assert.equal(alive.isAlive({ pid: 42 }), true);
      assert.equal(createProcessTable({ ...options, kill: failing('EPERM') }).isAlive({ pid: 42 }), true);
      assert.equal(createProcessTable({ ...options, kill: failing('ESRCH') }).isAlive({ pid: 42 }), false);
    }
  });

  it('knows that the machine was started again where there is no /proc, and never takes one that lives for gone', () => {
    for (const platform of ['darwin', 'win32'] as const) {
      const after = (...seconds: number[]) => {
        let asked = 0;
        const uptime = (): number => seconds[asked++ % seconds.length] ?? 0;
        return createProcessTable({ platform, kill: () => undefined, uptime });
      };
      const seen = after(36_000.7).identify(42);
      assert.deepEqual(seen, { pid: 42, startMark: 'up-36000' });
      assert.equal(after(120).isAlive(seen), false, 'it was started again two minutes ago');
      assert.equal(after(35_600).isAlive(seen), false);
      for (const seconds of [35_800, 36_000, 36_001, 1e9, 0, NaN]) assert.equal(after(seconds).isAlive(seen), true);
      assert.equal(after(120, 36_100).isAlive(seen), true, 'the clock was set while it was asked');
      assert.deepEqual(after(1e9, 50).identify(42), { pid: 42, startMark: 'up-50' });
      const unknown = createProcessTable({ platform, kill: () => undefined, uptime: failing('ENOSYS') });
      assert.equal(unknown.isAlive(seen), true);
      for (const earlier of [{ pid: 42 }, { pid: 42, startMark: 'b00t1d00-900' }])
        assert.equal(after(120).isAlive(earlier), true, 'without such a mark');
    }
  });

  it('never asks for a group of processes', () => {
    for (const platform of ['linux', 'darwin'] as const) {
      const table = createProcessTable({ platform, kill: () => undefined });
      for (const pid of [0, -1, 1.5, NaN]) assert.equal(table.isAlive({ pid }), false);
    }
  });

  it('sees real processes come and go', async () => {
    const table = createProcessTable();
    const own = table.identify(process.pid);
    assert.match(own.startMark ?? '', process.platform === 'linux' ? /-\d+$/ : /^up-\d+$/);
    assert.equal(table.isAlive(own), true);
    const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
    const identity = table.identify(child.pid ?? 0);
    assert.equal(table.isAlive(identity), true);
    child.kill('SIGKILL');
    await new Promise((resolve) => child.on('exit', resolve));
    assert.equal(table.isAlive(identity), false);
  });
});
