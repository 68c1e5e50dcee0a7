import assert from 'node:assert/strict';
import { parseCommandLine } from '../../../src/launcher/commandLine.ts';
import { needsSession } from '../../../src/launcher/sessionNeed.ts';

describe('whether an agent gets a session of its own', () => {
  const needs = (line: string, environment: Record<string, string> = {}): boolean => {
    const wish = parseCommandLine(line.split(' '));
    assert.ok(wish.kind === 'run');
    return needsSession(wish, environment);
  };
  const inside = { CLAUDE_SESSION_ID: 's1' };

  it('is so for who asks for one, inside of a session too', () => {
    assert.ok(needs('run -- claude --version') && needs('run -- claude', inside));
    assert.ok(needs('run --terminal -- bash', inside));
  });

  it('is so for claude that asks a model, outside of a session', () => {
    for (const args of ['', ' -p x', ' mcp-is-no-command', ' --model opus', ' agents']) {
      assert.ok(needs(`run --shim -- claude${args}`), args);
      assert.ok(!needs(`run --shim -- claude${args}`, inside), args);
    }
    assert.ok(needs('run --shim -- claude', { CLAUDE_SESSION_ID: '' }));
  });

  it('is not so for claude that asks none', () => {
    for (const args of ['--version', '-v', '--help', '-h', 'mcp list', 'update', 'doctor', 'plugin install x']) {
      assert.ok(!needs(`run --shim -- claude ${args}`), args);
    }
  });
});
