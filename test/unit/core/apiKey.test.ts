import assert from 'node:assert/strict';
import { looksLikeAnthropicKey, whyNoApiKey } from '../../../src/core/apiKey.ts';
import { FakeSecrets } from '../../fakes/fakeSecrets.ts';

describe('a text for an API key', () => {
  it('is refused for what no key has, without being repeated', () => {
    const token = new FakeSecrets().token();
    for (const [text, why] of [
      ['', /empty/],
      ['sk-ant-one sk-ant-two', /a space/],
      ['sk-ant-one\nsk-ant-two', /line break/],
      ['“sk-ant-quoted”', /another character/],
      [token, /key of an agent’s session/],
    ] as const) {
      assert.match(whyNoApiKey(text) ?? '', why);
      assert.ok(text === '' || !whyNoApiKey(text)?.includes(text));
    }
    assert.equal(whyNoApiKey('of-another-endpoint:42'), undefined);
  });

  it('is of Anthropic’s form or not', () => {
    assert.ok(looksLikeAnthropicKey('sk-ant-api03-0123456789_abcdefghij-AA'));
    for (const other of ['sk-ant-', 'sk-0123456789012345678901234', 'key', ' sk-ant-api03-0123456789abcdefghij']) {
      assert.ok(!looksLikeAnthropicKey(other), other);
    }
  });
});
