import assert from 'node:assert/strict';
import { Listeners } from '../../../src/core/listeners.ts';
import { type ShellSource, windowShell } from '../../../src/vscode/windowShell.ts';
import { FakeClock, settled } from '../../fakes/fakeClock.ts';

class FakeShell implements ShellSource {
  readonly #listeners = new Listeners<[]>();
  path = '';
  listening = 0;

  current(): string {
    return this.path;
  }

  onChange(listener: () => void): { dispose(): void } {
    this.listening += 1;
    const end = this.#listeners.add(listener);
    return {
      dispose: () => {
        this.listening -= 1;
        end();
      },
    };
  }

  become(path: string): void {
    this.path = path;
    this.#listeners.tell();
  }
}

describe('the shell of the window', () => {
  it('is what VS Code says it is, without waiting', async () => {
    const shell = new FakeShell();
    shell.path = '/usr/bin/fish';
    assert.equal(await windowShell(shell, new FakeClock(), 'linux', {}), '/usr/bin/fish');
    assert.equal(shell.listening, 0);
  });

  it('is waited for while VS Code finds it out', async () => {
    const [shell, clock] = [new FakeShell(), new FakeClock()];
    const found = windowShell(shell, clock, 'linux', { SHELL: '/bin/zsh' });
    await clock.advance(1000);
    shell.become('');
    await settled();
    shell.become('/usr/bin/fish');
    assert.equal(await found, '/usr/bin/fish');
    assert.equal(shell.listening, 0);
  });

  for (const [platform, environment, expected] of [
    ['linux', { SHELL: '/bin/zsh' }, '/bin/zsh'],
    ['darwin', {}, '/bin/sh'],
    ['win32', { ComSpec: 'C:\\Windows\\system32\\cmd.exe' }, 'C:\\Windows\\system32\\cmd.exe'],
    ['win32', {}, 'cmd.exe'],
  ] as const) {
    it(`is ${expected} on ${platform} where VS Code does not find out in time`, async () => {
      const [shell, clock] = [new FakeShell(), new FakeClock()];
      const found = windowShell(shell, clock, platform, environment);
      await clock.advance(3000);
      assert.equal(await found, expected);
      assert.equal(shell.listening, 0);
    });
  }
});
