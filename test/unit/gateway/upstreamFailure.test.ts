import assert from 'node:assert/strict';
import { ProxyFailureError } from '../../../src/gateway/proxyFailure.ts';
import { describeUpstreamFailure, type FailurePhase } from '../../../src/gateway/upstreamFailure.ts';

const coded = (code: string): Error => Object.assign(new Error('It failed.'), { code });

describe('describeUpstreamFailure', () => {
  for (const [code, phase, expected, status] of [
    ['ENOTFOUND', 'connecting', 'name-not-found', 502],
    ['EAI_AGAIN', 'connecting', 'name-lookup-failed', 502],
    ['ETIMEDOUT', 'connecting', 'connect-timeout', 504],
    ['ETIMEDOUT', 'waiting', 'connection-lost', 502],
    ['ETIMEDOUT', 'answering', 'answer-cut', 502],
    ['EHOSTUNREACH', 'connecting', 'network-unreachable', 502],
    ['EPROTO', 'connecting', 'tls-failed', 502],
    ['ERR_TLS_CERT_ALTNAME_INVALID', 'connecting', 'certificate-name', 502],
    ['UND_ERR_HEADERS_TIMEOUT', 'waiting', 'answer-timeout', 504],
    ['UND_ERR_BODY_TIMEOUT', 'answering', 'answer-stalled', 504],
    ['ESOMETHING', 'waiting', 'no-usable-answer', 502],
  ] as const satisfies readonly (readonly [string, FailurePhase, string, number])[]) {
    it(`calls ${code} while ${phase} ${expected}, which may end by itself`, () => {
      const nested = new AggregateError([new Error('outer', { cause: coded(code) })], 'several attempts');
      const failure = describeUpstreamFailure(nested, 'api.test', phase);
      assert.deepEqual([failure.problem.code, failure.status], [expected, status]);
      assert.equal(failure.problem.transient, 'unreachable');
      assert.match(failure.problem.message, /api\.test/);
      assert.match(failure.problem.nextStep, /\.$/);
    });
  }

  it('names the proxy where it is the proxy’s', () => {
    const { problem } = describeUpstreamFailure(
      new Error('outer', { cause: new ProxyFailureError('proxy.test:3128', { cause: coded('ENOTFOUND') }) }),
      'api.test',
    );
    assert.equal(problem.code, 'proxy-name-not-found');
    assert.equal(problem.message, 'The name of the proxy proxy.test:3128 is not known to DNS.');
    assert.match(problem.nextStep, /http\.proxy/);
    const silent = describeUpstreamFailure(new ProxyFailureError('proxy.test:3128', { cause: 'what?' }), 'api.test');
    assert.equal(silent.problem.code, 'proxy-failed');
  });
});
