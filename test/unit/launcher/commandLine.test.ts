import assert from 'node:assert/strict';
import { parseCommandLine } from '../../../src/launcher/commandLine.ts';

describe('command line of the launcher', () => {
  const problemOf = (...args: string[]): string => {
    const wish = parseCommandLine(args);
    return wish.kind === 'misuse' ? wish.problem : assert.fail(`${args.join(' ')} is ${wish.kind}`);
  };

  it('takes what stands behind the dashes as it is', () => {
    const wish = parseCommandLine(['run', '--agent', 'a/b', '--wait=1.5', '--', 'claude', '-p', '--', '--help', '']);
    const args = ['-p', '--', '--help', ''];
    assert.deepEqual(wish, { kind: 'run', agentId: 'a/b', waitSeconds: 1.5, command: 'claude', args });
  });

  it('calls an agent after its program', () => {
    const names: Readonly<Record<string, string>> = {
      claude: 'claude',
      '/opt/my tools/claude': 'claude',
      'C:\\Tools\\Claude.CMD': 'Claude',
      './my agent.mjs': 'my-agent.mjs',
      '/': 'agent',
    };
    for (const [command, agentId] of Object.entries(names)) {
      const wish = parseCommandLine(['run', '--', command]);
      assert.equal(wish.kind === 'run' && wish.agentId, agentId);
      assert.ok(!('waitSeconds' in wish));
    }
  });

  it('knows help and version', () => {
    for (const args of [['--help'], ['-h'], ['run', '--help'], ['run', '-h', '--', 'x']]) {
      assert.equal(parseCommandLine(args).kind, 'help');
    }
    for (const args of [['--version'], ['-V']]) assert.equal(parseCommandLine(args).kind, 'version');
  });

  it('says what is wrong and what to do', () => {
    assert.match(problemOf(), /See agent-quota --help/);
    assert.match(problemOf('start'), /"start".*--help/);
    assert.match(problemOf('run'), /command to run is missing.*--/);
    assert.match(problemOf('run', '--'), /command to run is missing/);
    assert.match(problemOf('run', 'claude'), /Put -- before the command/);
    assert.match(problemOf('run', '--bogus', '--', 'claude'), /^Unknown option '--bogus'\. See/);
    assert.match(problemOf('run', '--agent'), /--agent.*argument missing/);
    assert.match(problemOf('run', '--agent', 'a b', '--', 'claude'), /1 to 64 letters/);
    for (const wait of ['soon', '1e3', 'Infinity', '']) {
      assert.match(problemOf('run', `--wait=${wait}`, '--', 'claude'), /number of seconds/);
    }
    assert.match(problemOf('run', '--wait=-1', '--', 'claude'), /number of seconds/);
  });
});
