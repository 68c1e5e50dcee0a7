import assert from 'node:assert/strict';
import { parseCommandLine } from '../../../src/launcher/commandLine.ts';
import { launcherArguments, readAgentTaskDefinition } from '../../../src/vscode/agentTaskDefinition.ts';
import { taskFailureText } from '../../../src/vscode/taskFailureText.ts';

describe('task of type claude-agent', () => {
  it('becomes a command line that the launcher understands', () => {
    const raw = { type: 'claude-agent', agent: '-odd', args: ['-p', 'say "hi"', '--'], wait: 1.5 };
    const read = readAgentTaskDefinition(raw, 'test');
    assert.ok('definition' in read);
    assert.deepEqual(parseCommandLine(launcherArguments(read.definition, false)), {
      kind: 'run',
      agentId: '-odd',
      command: 'claude',
      args: ['-p', 'say "hi"', '--'],
      waitSeconds: 1.5,
      startedBy: 'task',
    });
  });

  it('waits in line as it says', () => {
    const waitSeconds = (wait: unknown): unknown => {
      const read = readAgentTaskDefinition({ type: 'claude-agent', agent: 'a', wait }, 'test');
      assert.ok('definition' in read);
      const line = parseCommandLine(launcherArguments(read.definition, false));
      return line.kind === 'run' ? line.waitSeconds : line;
    };
    const background = readAgentTaskDefinition({ type: 'claude-agent', agent: 'a' }, 'test');
    assert.ok('definition' in background);
    const line = parseCommandLine(launcherArguments(background.definition, true));
    assert.equal(line.kind === 'run' && line.startedBy, 'background');
    assert.deepEqual([undefined, true, false, 0, 90].map(waitSeconds), [undefined, undefined, 0, 0, 90]);
  });

  it('says what is wrong and what to do', () => {
    const bad: Readonly<Record<string, Record<string, unknown>>> = {
      agent: { agent: 'no spaces' },
      command: { command: '' },
      args: { args: 'one text' },
      cwd: { cwd: 5 },
      wait: { wait: -1 },
    };
    for (const [property, change] of Object.entries(bad)) {
      const read = readAgentTaskDefinition({ type: 'claude-agent', agent: 'a', ...change }, 'build');
      assert.ok('problem' in read, property);
      assert.match(read.problem.message, new RegExp(`The task "build" cannot run: its "${property}"`));
      assert.match(read.problem.nextStep, new RegExp(`"${property}"`));
    }
  });

  it('that cannot run prints what is wrong and what to do, as text', () => {
    const problem = { code: 'c', severity: 'error', message: 'No\u001b[31m\nagent.', nextStep: 'Give one.' } as const;
    assert.equal(taskFailureText(problem), 'agent-quota: No [31m agent.\r\nagent-quota: Give one.\r\n');
  });

  it('wants an agent', () => {
    const read = readAgentTaskDefinition({ type: 'claude-agent' }, 'build');
    assert.ok('problem' in read);
    assert.match(read.problem.message, /"agent" is missing/);
  });
});
