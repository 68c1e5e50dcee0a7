import assert from 'node:assert/strict';
import fc from 'fast-check';
import { agentHeaders } from '../../../src/gateway/agentHeaders.ts';
import { sessionTokenOf } from '../../../src/gateway/sessionToken.ts';
import { upstreamHeaders } from '../../../src/gateway/upstreamHeaders.ts';

const token = 'sk-aq-0123456789abcdefghij';
const key = 'sk-ant-real-0123456789abcdefghij';
const toUpstream = (rawHeaders: string[]): [string, string][] => [...upstreamHeaders(rawHeaders, token, key)];

describe('sessionTokenOf', () => {
  it('takes x-api-key, else the bearer token', () => {
    assert.equal(sessionTokenOf(['X-Api-Key', 'a', 'Authorization', 'Bearer b']), 'a');
    assert.equal(sessionTokenOf(['authorization', 'bearer  b']), 'b');
    assert.equal(sessionTokenOf(['authorization', 'Basic b', 'x-api-key', '']), undefined);
    assert.equal(sessionTokenOf(['x-api-key', 'a'.repeat(513)]), undefined);
  });
});

describe('upstreamHeaders', () => {
  it('keeps order, casing and repeats, and puts the real key in the place of the session key', () => {
    const raw = [
      'Host',
      'x',
      'Accept',
      '*/*',
      'X-Api-Key',
      token,
      'anthropic-beta',
      'a',
      'Anthropic-Beta',
      'b',
      'anthropic-beta',
      'c',
    ];
    assert.deepEqual(toUpstream(raw), [
      ['Accept', '*/*'],
      ['X-Api-Key', key],
      ['anthropic-beta', 'a'],
      ['Anthropic-Beta', 'b'],
      ['anthropic-beta', 'c'],
    ]);
  });

  it('sends the real key as x-api-key, and once, whatever carried the session key', () => {
    assert.deepEqual(toUpstream(['Authorization', `Bearer ${token}`]), [['x-api-key', key]]);
    assert.deepEqual(toUpstream(['authorization', 'Bearer other', 'x-api-key', token]), [['x-api-key', key]]);
    assert.deepEqual(toUpstream([]), [['x-api-key', key]]);
  });

  it('keeps the key a bearer token where a later version of the API has it so', () => {
    const version = ['anthropic-version', '2026-10-21'];
    const sent = (...raw: string[]): [string, string][] => toUpstream([...version, ...raw]).slice(1);
    assert.deepEqual(sent('Authorization', `Bearer ${token}`), [['Authorization', `Bearer ${key}`]]);
    assert.deepEqual(sent('Authorization', 'Bearer x', 'x-api-key', token), [['x-api-key', key]]);
    assert.deepEqual(sent(), [['x-api-key', key]]);
    assert.deepEqual(toUpstream(['anthropic-version', '2023-06-01', 'Authorization', `Bearer ${token}`]).slice(1), [
      ['x-api-key', key],
    ]);
  });

  it('leaves out what ends at this hop (RFC 9110 §7.6.1)', () => {
    const raw = [
      ...[
        'Connection',
        'keep-alive, X-Mine, x-api-key',
        'X-Mine',
        '1',
        'Keep-Alive',
        '5',
        'TE',
        'trailers',
        'Trailer',
        'x',
      ],
      ...['Transfer-Encoding', 'chunked', 'Upgrade', 'h2c', 'Proxy-Authorization', 'x', 'Proxy-Connection', 'x'],
      ...['Expect', '100-continue', 'x-api-key', token, 'X-Yours', '2'],
    ];
    assert.deepEqual(toUpstream(raw), [
      ['x-api-key', key],
      ['X-Yours', '2'],
    ]);
  });

  it('leaves out what ends at this hop of an answer too', () => {
    const raw = [
      ...['Connection', 'close, X-Mine', 'X-Mine', '1', 'Keep-Alive', 'timeout=5', 'Transfer-Encoding', 'chunked'],
      ...['Proxy-Authenticate', 'Basic', 'PROXY-AUTHENTICATION-INFO', 'x', 'Proxy-Connection', 'close'],
      ...['TE', 'trailers', 'Trailer', 'x', 'upgrade', 'h2c', 'X-Yours', '2', 'Authentication-Info', 'x'],
    ];
    assert.deepEqual(agentHeaders(raw, key), ['X-Yours', '2', 'Authentication-Info', 'x']);
  });

  const header = fc.tuple(
    fc.constantFrom(
      'x-api-key',
      'Authorization',
      'X-Copy',
      'Cookie',
      'Connection',
      'referer',
      'anthropic-version',
      '__proto__',
    ),
    fc.constantFrom(token, `Bearer ${token}`, `a=${token}; b`, 'close', 'referer', 'plain', '2026-10-21', key),
  );

  it('never lets the session token out, and always carries the real key exactly once as a credential', () => {
    fc.assert(
      fc.property(fc.array(header), (headers) => {
        const sent = toUpstream(headers.flat());
        assert.ok(sent.every(([, value]) => !value.includes(token)));
        const credentials = sent.filter(([name]) => /^(?:x-api-key|authorization)$/i.test(name));
        assert.equal(credentials.length, 1);
        const [name = '', value] = credentials[0] ?? [];
        assert.equal(value, name.toLowerCase() === 'authorization' ? `Bearer ${key}` : key);
      }),
    );
  });

  it('leaves a login as it is, where there is no real key, and drops every key of ours', () => {
    const raw = ['Host', 'x', 'Authorization', 'Bearer login', 'X-Api-Key', 'sk-aq-other', 'anthropic-beta', 'a'];
    assert.deepEqual(
      [...upstreamHeaders([...raw, 'X-Copy', token], token, undefined)],
      [
        ['Authorization', 'Bearer login'],
        ['anthropic-beta', 'a'],
      ],
    );
    assert.deepEqual(agentHeaders(['A', key, 'Connection', 'B', 'B', '1'], undefined), ['A', key]);
  });

  it('lets no web page read an answer, whatever the upstream allows', () => {
    const cors = [
      'Access-Control-Allow-Origin',
      '*',
      'ACCESS-CONTROL-ALLOW-HEADERS',
      'x-api-key',
      'access-control-x',
      '',
    ];
    assert.deepEqual(agentHeaders(['A', '1', ...cors, 'Vary', 'Origin'], key), ['A', '1', 'Vary', 'Origin']);
  });

  it('never lets the real key back to the agent, and leaves everything else as it is', () => {
    fc.assert(
      fc.property(fc.array(header), (headers) => {
        const kept = agentHeaders(['Via', key, `X-${key}`, '1', ...headers.flat()], key);
        assert.ok(kept.every((part) => !part.includes(key)));
        const named = headers.some(([name, value]) => name === 'Connection' && value === 'referer');
        const expected = headers.filter(
          ([name, value]) => name !== 'Connection' && value !== key && !(named && name === 'referer'),
        );
        assert.deepEqual(kept, expected.flat());
      }),
    );
  });
});
