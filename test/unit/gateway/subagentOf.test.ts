import assert from 'node:assert/strict';
import { subagentOf } from '../../../src/gateway/subagentOf.ts';

describe('the subagent of a request', () => {
  it('is who Claude Code’s headers name, and who has started it', () => {
    assert.deepEqual(subagentOf(['X-Claude-Code-Agent-Id', 'agent-1']), { subagentId: 'agent-1', parentId: undefined });
    const nested = ['x-claude-code-agent-id', 'a:2', 'accept', '*/*', 'x-claude-code-parent-agent-id', 'agent-1'];
    assert.deepEqual(subagentOf(nested), { subagentId: 'a:2', parentId: 'agent-1' });
  });

  it('is nobody where none is named, or by no name', () => {
    for (const value of ['', ' ', 'two words', '<b>', 'a\nb', 'é', 'x'.repeat(129)]) {
      assert.equal(subagentOf(['x-claude-code-agent-id', value]), undefined, JSON.stringify(value));
    }
    assert.equal(subagentOf(['x-claude-code-parent-agent-id', 'agent-1']), undefined);
    const odd = ['x-claude-code-agent-id', 'a', 'x-claude-code-parent-agent-id', 'no name'];
    assert.deepEqual(subagentOf(odd), { subagentId: 'a', parentId: undefined });
  });
});
