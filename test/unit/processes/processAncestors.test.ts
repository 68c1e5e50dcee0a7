import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { processAncestors } from '../../../src/processes/processAncestors.ts';

const none = { read: () => Promise.reject(new Error('ENOENT')), run: () => Promise.reject(new Error('not run')) };

describe('ancestors of a process', () => {
  it('are found on this machine', async () => {
    const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
    try {
      const { pid = 0 } = child;
      const found = await processAncestors([pid, process.pid]);
      assert.deepEqual(found.get(pid)?.slice(0, 2), [process.pid, process.ppid]);
      assert.equal(found.get(process.pid)?.[0], process.ppid);
    } finally {
      child.kill('SIGKILL');
    }
  });

  it('are read from /proc on Linux, whatever a program is called', async () => {
    const files = new Map([
      ['/proc/30/stat', '30 (a) S 7 (b) S 20 1 1'],
      ['/proc/20/stat', '20 (sh) S 10 1 1'],
      ['/proc/10/stat', '10 (init) S 0 1 1'],
    ]);
    const read = (file: string): Promise<string> => Promise.resolve(files.get(file) ?? assert.fail());
    const found = await processAncestors([30, 99], { ...none, platform: 'linux', read });
    assert.deepEqual([found.get(30), found.get(99)], [[20, 10], []]);
  });

  for (const platform of ['darwin', 'win32'] as const) {
    it(`are asked for in one go on ${platform}`, async () => {
      const programs: string[] = [];
      const run = (program: string): Promise<string> => {
        programs.push(program);
        return Promise.resolve('    1     0\r\n  30 20\r\n20   1\r\n  5 6\n6 5\n');
      };
      const found = await processAncestors([30, 20, 5], { ...none, platform, run });
      assert.deepEqual([...found.values()], [[20, 1], [1], [6, 5]]);
      assert.deepEqual(programs, [platform === 'win32' ? 'powershell.exe' : 'ps']);
    });
  }
});
