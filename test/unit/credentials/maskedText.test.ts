import assert from 'node:assert/strict';
import fc from 'fast-check';
import { maskedText } from '../../../src/credentials/maskedText.ts';

describe('text that may hold a key', () => {
  it('is shown without what is like one', () => {
    for (const [text, shown] of [
      ['op: not signed in', 'op: not signed in'],
      ['sh: 1: /usr/local/share/company/bin/vault-cli: not found', undefined],
      ['sh: 1: company-vault-of-secrets: not found', undefined],
      ['token sk-ant-x refused', 'token […] refused'],
      ['got eyJhbGciOi.J9.e30 back', 'got […] back'],
      ['key=0123456789abcdef0123 is wrong', '[…] is wrong'],
      ['wJalrXUtnFEMI/K7MDENG/bPxRfiCY is wrong', '[…] is wrong'],
      ['https://vault.example/v1/secret says 403', undefined],
      ['the \u001b[31mred\u001b[0m\u0007 one', 'the  red   one'],
    ] as const) {
      assert.equal(maskedText(text, []), shown ?? text);
    }
  });

  it('is one short line', () => {
    assert.equal(maskedText('no '.repeat(100), []).length, 201);
    assert.doesNotMatch(maskedText('a\r\nb', []), /[\r\n]/);
  });

  it('never holds a key, whatever is around it, nor a known secret of any form', () => {
    const character = fc.constantFrom('A', 'B', 'x', 'y', 'z', '0', '1', '8', '_', '-');
    const key = fc.array(character, { minLength: 20, maxLength: 90 }).map((characters) => `K7${characters.join('')}`);
    const around = fc.constantFrom('', ' ', '"', 'key=', ':', 'Bearer ', '/', '\n', 'x');
    fc.assert(
      fc.property(key, fc.string({ minLength: 4, maxLength: 12 }), around, around, (found, secret, before, after) => {
        assert.ok(!maskedText(`${before}${found}${after}`, []).includes(found.slice(0, 20)));
        fc.pre(!'[…]'.includes(secret) && !/\p{Cc}/u.test(secret) && secret.trim() === secret);
        assert.ok(!maskedText(`${before}${secret}${after}`, [secret]).includes(secret));
      }),
    );
  });
});
