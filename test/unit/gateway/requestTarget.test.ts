import assert from 'node:assert/strict';
import fc from 'fast-check';
import { readTarget } from '../../../src/gateway/requestTarget.ts';

describe('readTarget', () => {
  it('passes plain paths with their query untouched', () => {
    for (const path of [
      '/',
      '/v1/messages?beta=true',
      '/v1/models/claude%20x',
      '/api/hello?next=//x/../%2f',
      '/a..b/...',
    ]) {
      assert.deepEqual(readTarget(path), { kind: 'usable', path, token: undefined });
    }
  });

  it('takes the session token out of the path', () => {
    assert.deepEqual(readTarget('/s/abc-1_2/v1/messages?x=1'), {
      kind: 'usable',
      path: '/v1/messages?x=1',
      token: 'abc-1_2',
    });
    assert.deepEqual(readTarget('/s/abc'), { kind: 'usable', path: '/', token: 'abc' });
    assert.deepEqual(readTarget('/s/abc?x'), { kind: 'usable', path: '/?x', token: 'abc' });
    assert.deepEqual(readTarget('/sessions/abc/x'), { kind: 'usable', path: '/sessions/abc/x', token: undefined });
  });

  const refused = [
    'http://evil.example/v1/messages',
    'evil.example:443',
    '*',
    '',
    '//evil.example/v1',
    '/v1//messages',
    '/s/abc//evil.example/',
    '/v1/../admin',
    '/v1/./messages',
    '/v1/..',
    '/v1/%2e%2e/admin',
    '/v1/.%2E/admin',
    '/v1/..;/admin',
    '/v1%2fmessages',
    '/v1%5cmessages',
    '/v1\\messages',
    '/v1/%252e%252e/admin',
    '/v1/%252f',
    '/v1/%25252fx',
    '/v1/%25%32%65%25%32%65/admin',
    '/v1/%25%32%66evil',
    '/v1/%00',
    '/v1/%0d%0ahost:x',
    '/v1/%',
    '/v1/%zz',
    '/v1/%ff',
    '/v1/messages#x',
    '/v1/ messages',
    '/v1/mess\u00e4ges',
  ];
  for (const target of refused) {
    it(`refuses ${JSON.stringify(target)}`, () => {
      assert.equal(readTarget(target).kind, 'refused');
    });
  }

  it('refuses a path that is encoded again and again, and does not follow it to its end', () => {
    assert.deepEqual(readTarget(`/v1/%${'25'.repeat(16_000)}`), {
      kind: 'refused',
      reason: 'The path is encoded again and again.',
    });
    const twice = '/v1/models/100%2525';
    assert.deepEqual(readTarget(twice), { kind: 'usable', path: twice, token: undefined });
  });

  it('never gives a path that resolves to another host or out of its place', () => {
    const piece = fc.constantFrom(
      '/',
      '.',
      '..',
      '%2e',
      '%2f',
      '%5c',
      '\\',
      '%25',
      ':',
      '@',
      's',
      'v1',
      '?',
      'x',
      '//',
      ';',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        const target = readTarget(`/${pieces.join('')}`);
        if (target.kind === 'refused') return;
        const base = 'https://upstream.example';
        const url = new URL(`${base}/base${target.path}`);
        assert.equal(url.origin, base);
        assert.ok(url.pathname.startsWith('/base/'), url.pathname);
        assert.equal(new URL(decodeURIComponent(url.pathname), base).origin, base);
      }),
    );
  });
});
