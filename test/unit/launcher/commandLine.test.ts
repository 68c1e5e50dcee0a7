import assert from 'node:assert/strict';
import { queryCommands } from '../../../src/launcher/commandNames.ts';
import { parseCommandLine } from '../../../src/launcher/commandLine.ts';

describe('command line of the launcher', () => {
  const problemOf = (...args: string[]): string => {
    const wish = parseCommandLine(args);
    return wish.kind === 'misuse'
      ? `${wish.problem} ${wish.nextStep}`.trimEnd()
      : assert.fail(`${args.join(' ')} is ${wish.kind}`);
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
    for (const args of [['--help'], ['-h'], ['help'], ['bogus', '--help']]) {
      assert.deepEqual(parseCommandLine(args), { kind: 'help' });
    }
    for (const args of [
      ['run', '--help'],
      ['run', '-h', '--', 'x'],
      ['help', 'run'],
    ]) {
      assert.deepEqual(parseCommandLine(args), { kind: 'help', command: 'run' });
    }
    for (const command of queryCommands) {
      assert.deepEqual(parseCommandLine([command, '--help', '--json']), { kind: 'help', command });
    }
    for (const args of [['--version'], ['-V']]) assert.equal(parseCommandLine(args).kind, 'version');
  });

  it('knows the commands that ask the engine', () => {
    for (const command of queryCommands) {
      if (command === 'release') continue;
      assert.deepEqual(parseCommandLine([command]), { kind: 'query', command, json: false });
      assert.deepEqual(parseCommandLine(['--json', command]), { kind: 'query', command, json: true });
    }
  });

  it('takes a session’s id however it begins', () => {
    const release = (...args: string[]): unknown => parseCommandLine(['release', ...args]);
    const wish = (id: string, json = false): unknown => ({ kind: 'query', command: 'release', id, json });
    assert.deepEqual(release('abc'), wish('abc'));
    assert.deepEqual(release('--json', 'a/b'), wish('a/b', true));
    assert.deepEqual(release('-Fx9a'), wish('-Fx9a'));
    assert.deepEqual(release('-Fx9a', '--json'), wish('-Fx9a', true));
    assert.deepEqual(release('--', '--x9'), wish('--x9'));
    assert.deepEqual(release('--json', '--', '-h'), wish('-h', true));
    assert.deepEqual(release('-h'), { kind: 'help', command: 'release' });
  });

  it('remembers that programs want JSON when something is wrong too', () => {
    for (const args of [
      ['bogus', '--json'],
      ['status', '--bogus', '--json'],
      ['release', '--json'],
    ]) {
      const wish = parseCommandLine(args);
      assert.ok(wish.kind === 'misuse' && wish.json, args.join(' '));
    }
    const wish = parseCommandLine(['run', '--bogus', '--', 'claude', '--json']);
    assert.ok(wish.kind === 'misuse' && !wish.json, 'what is behind the dashes is the agent’s');
  });

  it('says what is wrong and what to do', () => {
    assert.match(problemOf(), /See agent-quota --help/);
    assert.match(problemOf('start'), /"start".*--help/);
    assert.match(problemOf('run'), /command to run is missing.*--/);
    assert.match(problemOf('run', '--'), /command to run is missing/);
    assert.match(problemOf('run', 'claude'), /Put -- before the command/);
    assert.match(problemOf('run', '--bogus', '--', 'claude'), /^Unknown option '--bogus'\. See/);
    assert.match(problemOf('run', '--agent'), /^--agent has no value\./);
    assert.match(problemOf('run', '--agent', 'a b', '--', 'claude'), /1 to 64 letters/);
    for (const wait of ['soon', '1e3', 'Infinity', '']) {
      assert.match(problemOf('run', `--wait=${wait}`, '--', 'claude'), /number of seconds/);
    }
    const dashed = '--wait has no value. Write one that begins with a dash as --wait=VALUE. See agent-quota --help.';
    assert.equal(problemOf('run', '--wait', '-5', '--', 'claude'), dashed);
    assert.equal(problemOf('run', '--wait', '--', 'claude'), dashed);
    assert.match(problemOf('run', '--wait=-1', '--', 'claude'), /number of seconds/);
    assert.match(problemOf('run', '--json', '--', 'claude'), /run has no --json\. See agent-quota run --help/);
    assert.match(problemOf('status', '--wait', '3'), /status has no --wait\. See agent-quota status --help/);
    assert.match(problemOf('quota', 'now'), /"now".*takes no arguments/);
    assert.match(problemOf('quota', '--', 'now'), /"now".*takes no arguments/);
    assert.match(problemOf('release'), /Which session.*agent-quota sessions/);
    assert.match(problemOf('release', ''), /Which session/);
    assert.match(problemOf('release', 'a', 'b'), /"b" is one too many/);
    assert.match(problemOf('help', 'bogus'), /"bogus"/);
  });

  it('takes the options of ledger before it too, and never for a wish for help', () => {
    const check = { kind: 'ledger', wish: { action: 'check' }, json: true };
    assert.deepEqual(parseCommandLine(['ledger', 'check', '--json']), check);
    assert.deepEqual(parseCommandLine(['--json', 'ledger', 'check']), check);
    assert.deepEqual(parseCommandLine(['--help', 'ledger']), { kind: 'help', command: 'ledger' });
    assert.equal(parseCommandLine(['--version', 'ledger']).kind, 'version');
    assert.match(problemOf('--json', 'ledger', 'bogus'), /There is no "ledger bogus"/);
    assert.match(problemOf('--agent', 'x', 'ledger', 'check'), /^ledger has no --agent\./);
    assert.match(problemOf('--agent=x', 'ledger', 'check'), /^Unknown option '--agent'\./);
  });
});
