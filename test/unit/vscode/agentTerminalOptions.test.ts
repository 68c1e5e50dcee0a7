import assert from 'node:assert/strict';
import { parseCommandLine } from '../../../src/launcher/commandLine.ts';
import { agentTerminalOptions } from '../../../src/vscode/agentTerminalOptions.ts';
import { defaultShell } from '../../../src/vscode/defaultShell.ts';

describe('shell of an agent terminal', () => {
  const settings =
    (values: Readonly<Record<string, unknown>>) =>
    (name: string): unknown =>
      values[name];

  it('is the user’s, with the arguments and variables of the default profile', () => {
    const profiles = { mine: { path: 'bash', args: ['--login'], env: { A: '1', B: null } }, odd: { args: 5 } };
    const linux = settings({ 'defaultProfile.linux': 'mine', 'profiles.linux': profiles });
    const expected = { path: '/bin/bash', args: ['--login'], env: { A: '1', B: null } };
    assert.deepEqual(defaultShell('/bin/bash', 'linux', linux), expected);
    const text = settings({ 'defaultProfile.windows': 'x', 'profiles.windows': { x: { args: '-NoLogo' } } });
    assert.deepEqual(defaultShell('C:\\pwsh.exe', 'win32', text).args, ['-NoLogo']);
    for (const bad of [undefined, 5, 'odd', 'Claude Agent']) {
      const values = settings({ 'defaultProfile.linux': bad, 'profiles.linux': profiles });
      assert.deepEqual(defaultShell('/bin/bash', 'linux', values), { path: '/bin/bash', args: [], env: {} });
    }
  });

  it('is a login shell on macOS where no profile says otherwise', () => {
    assert.deepEqual(defaultShell('/bin/zsh', 'darwin', settings({})).args, ['-l']);
    assert.deepEqual(defaultShell('/opt/nu', 'darwin', settings({})).args, []);
    const own = settings({ 'defaultProfile.osx': 'zsh', 'profiles.osx': { zsh: { args: [] } } });
    assert.deepEqual(defaultShell('/bin/zsh', 'darwin', own).args, []);
  });

  const launcher = { node: '/node', script: '/launcher.cjs', shells: '/shells', integrated: ['bash', 'zsh'] };
  const environment = { AGENT_QUOTA_SOCKET: '/s', AGENT_QUOTA_HOME: '/h' };

  it('is started by a script of its name where VS Code knows it, with its arguments alone', () => {
    const shell = { path: '/usr/bin/zsh', args: ['-l'], env: { A: null, AGENT_QUOTA_HOME: 'x' } };
    assert.deepEqual(agentTerminalOptions('agent-1', shell, launcher, environment), {
      name: 'Claude Agent: agent-1',
      shellPath: '/shells/zsh',
      shellArgs: ['-l'],
      env: { A: null, ...environment, AGENT_QUOTA_AGENT: 'agent-1', AGENT_QUOTA_SHELL: '/usr/bin/zsh' },
    });
  });

  it('is started by the launcher itself where VS Code does not know it, and on Windows', () => {
    const shell = { path: 'C:\\Program Files\\pwsh.exe', args: ['-NoLogo'], env: {} };
    for (const shells of [undefined, '/shells']) {
      const options = agentTerminalOptions('agent-1', shell, { ...launcher, shells }, environment);
      assert.equal(options.shellPath, '/node');
      assert.deepEqual(options.env, { ...environment, ELECTRON_RUN_AS_NODE: '1' });
      const [script, ...args] = options.shellArgs;
      assert.equal(script, '/launcher.cjs');
      assert.deepEqual(parseCommandLine(args), {
        kind: 'run',
        agentId: 'agent-1',
        command: shell.path,
        args: ['-NoLogo'],
        startedBy: 'terminal',
      });
    }
  });
});
