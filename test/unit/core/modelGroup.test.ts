import assert from 'node:assert/strict';
import { modelGroup } from '../../../src/core/modelGroup.ts';

describe('a model’s group', () => {
  for (const [model, group] of [
    ['claude-opus-4-20250514', 'opus-4'],
    ['claude-opus-4-1', 'opus-4'],
    ['claude-opus-4-5-20251101', 'opus-4'],
    ['claude-opus-5', 'opus-5'],
    ['claude-sonnet-4-5-20250929', 'sonnet-4'],
    ['claude-sonnet-4-5@20250929', 'sonnet-4'],
    ['claude-sonnet-4@20250514', 'sonnet-4'],
    ['Claude-Sonnet-4-5', 'sonnet-4'],
    ['claude-sonnet-4-5[1m]', 'sonnet-4'],
    ['claude-haiku-4-5', 'haiku-4'],
    ['anthropic.claude-opus-4-1-20250805-v1:0', 'opus-4'],
    ['us.anthropic.claude-sonnet-4-20250514-v1:0', 'sonnet-4'],
    ['anthropic/claude-opus-4.5', 'opus-4'],
    ['openrouter/anthropic/claude-sonnet-4.5', 'sonnet-4'],
    ['claude-sonnet-10-1', 'sonnet-10'],
    ['claude-3-5-sonnet-20241022', 'claude-3-5-sonnet'],
    ['claude-3-5-sonnet-latest', 'claude-3-5-sonnet-latest'],
    ['claude-3-7-sonnet@20250219', 'claude-3-7-sonnet'],
    ['anthropic.claude-3-haiku-20240307-v1:0', 'claude-3-haiku'],
    ['claude-opus-45x', 'claude-opus-45x'],
    ['something-else', 'something-else'],
    ['a\u0000b', 'a\ufffdb'],
    ['a\ud800', 'a\ufffd'],
    ['x'.repeat(300), 'x'.repeat(100)],
    ['', ''],
  ] as const) {
    it(`of “${model}” is “${group}”`, () => {
      assert.equal(modelGroup(model), group);
    });
  }
});
