import assert from 'node:assert/strict';
import { needsClaudeAuth } from '../../../src/core/claudeModel.ts';

const claude = [
  'claude',
  'opus',
  'Sonnet',
  ' haiku ',
  'opusplan',
  'sonnet[1m]',
  'default',
  'claude-sonnet-4-5-20250929',
  'claude-3-5-haiku-latest',
  'Claude-Opus-4-1',
  'claude-instant-1.2',
  'claude-2.1',
  'anthropic.claude-3-sonnet-20240229-v1:0',
  'us.anthropic.claude-opus-4-20250514-v1:0',
  'arn:aws:bedrock:us-east-1::foundation-model/anthropic.claude-v2',
  'claude-opus-4@20250514',
  'anthropic/claude-sonnet-4',
  'openrouter/anthropic/claude-3.7-sonnet:thinking',
];
const others = [
  '',
  'gpt-5',
  'o3',
  'gemini-2.5-pro',
  'not-claude-3',
  'claudette-1',
  'sonnet-maker',
  'opus-mt-en-de',
  'llama3[1m]',
  'mistral/opus',
];

describe('needsClaudeAuth', () => {
  for (const [models, expected] of [
    [claude, true],
    [others, false],
  ] as const) {
    for (const model of models) {
      it(`says ${expected ? 'yes' : 'no'} to “${model}”`, () => {
        assert.equal(needsClaudeAuth(model), expected);
      });
    }
  }
});
