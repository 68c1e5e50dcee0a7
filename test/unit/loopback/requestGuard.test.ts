import assert from 'node:assert/strict';
import { guardRequest } from '../../../src/loopback/requestGuard.ts';

const port = 4711;
const host = ['Host', `127.0.0.1:${port}`];
const check = (rawHeaders: string[], method = 'POST', httpVersion = '1.1'): number | undefined =>
  guardRequest({ method, httpVersion, rawHeaders }, port)?.status;

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
      '',
      `[::1]:${port}`,
      `0.0.0.0:${port}`,
      `127.0.0.1:0${port}`,
      `127.1:${port}`,
      `2130706433:${port}`,
      `localhost.:${port}`,
      `user@127.0.0.1:${port}`,
      `127.0.0.1:${port}, evil.example`,
      `http://127.0.0.1:${port}`,
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
    for (const method of ['TRACE', 'CONNECT', 'SOURCE', 'get', 'PRI']) assert.equal(check(host, method), 400, method);
    for (const version of ['0.9', '2.0', '1.2']) assert.equal(check(host, 'POST', version), 400, version);
    assert.equal(check([...host, 'Transfer-Encoding', 'chunked'], 'POST', '1.0'), 400);
    assert.equal(check([...host, 'Expect', '100-continue']), undefined);
    assert.equal(check([...host, 'Expect', '100-continue, x']), 417);
    assert.equal(check([...host, ...Array.from({ length: 400 }, () => 'x')]), 431);
  });
});
