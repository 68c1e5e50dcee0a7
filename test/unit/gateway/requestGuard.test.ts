import assert from 'node:assert/strict';
import { guardRequest } from '../../../src/gateway/requestGuard.ts';

const port = 4711;
const host = ['Host', `127.0.0.1:${port}`];
const check = (rawHeaders: string[], method = 'POST'): number | undefined =>
  guardRequest({ method, rawHeaders }, port)?.status;

describe('guardRequest', () => {
  it('passes what agents send', () => {
    assert.equal(
      check([...host, 'x-api-key', 'k', 'Transfer-Encoding', 'chunked', 'Sec-Fetch-Site', 'none']),
      undefined,
    );
    assert.equal(check(['host', `LOCALHOST:${port}`], 'HEAD'), undefined);
  });

  it('refuses other hosts', () => {
    for (const name of [
      'evil.example',
      `evil.example:${port}`,
      '127.0.0.1',
      '127.0.0.1:1',
      `127.0.0.1:${port}.evil.example`,
    ]) {
      assert.equal(check(['Host', name]), 403, name);
    }
    assert.equal(check([]), 400);
    assert.equal(check([...host, ...host]), 400);
  });

  it('refuses web pages', () => {
    for (const origin of ['https://evil.example', 'null', `http://127.0.0.1:${port}`]) {
      assert.equal(check([...host, 'Origin', origin]), 403);
    }
    for (const site of ['cross-site', 'same-origin', 'same-site']) {
      assert.equal(check([...host, 'SEC-FETCH-SITE', site]), 403);
    }
  });

  it('refuses other protocols, ambiguous framing and floods', () => {
    assert.equal(check([...host, 'Upgrade', 'websocket']), 400);
    assert.equal(check([...host, 'Transfer-Encoding', 'gzip, chunked']), 400);
    assert.equal(check(host, 'TRACE'), 400);
    assert.equal(check([...host, ...Array.from({ length: 400 }, () => 'x')]), 431);
  });
});
