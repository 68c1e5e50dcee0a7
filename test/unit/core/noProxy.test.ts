import assert from 'node:assert/strict';
import { noProxyWithLoopback } from '../../../src/shared/noProxy.ts';
import { overlayFor } from '../../../src/core/overlay.ts';

describe('hosts that are reached without a proxy', () => {
  for (const [lists, expected] of [
    [[], '127.0.0.1,localhost'],
    [[undefined, ''], '127.0.0.1,localhost'],
    [['corp.example'], 'corp.example,127.0.0.1,localhost'],
    [[' a.example , ,b.example,'], 'a.example,b.example,127.0.0.1,localhost'],
    [['localhost,a.example', 'a.example,10.0.0.0/8'], 'localhost,a.example,10.0.0.0/8,127.0.0.1'],
    [['*'], '*'],
    [['a.example, *'], '*'],
  ] as const) {
    it(`are ${expected} where ${JSON.stringify(lists)} are set`, () => {
      assert.equal(noProxyWithLoopback(...lists), expected);
    });
  }

  it('are told to routed agents alone, under both names', () => {
    const parts = { agentId: 'a', sessionId: 's', allocation: { tokens: 1 } };
    const routed = overlayFor({
      ...parts,
      route: { gatewayUrl: 'http://127.0.0.1:1', token: 't', credential: 'token', noProxy: 'x', restored: {} },
    });
    assert.deepEqual([routed['NO_PROXY'], routed['no_proxy']], ['x,127.0.0.1,localhost', 'x,127.0.0.1,localhost']);
    const observed = overlayFor(parts);
    assert.ok(!('NO_PROXY' in observed) && !('no_proxy' in observed));
  });
});
