import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { gzipSync } from 'node:zlib';
import { sendRaw } from '../gateway/rawHttp.ts';
import type { IntakeHandler } from '../../../src/observer/observerIntake.ts';
import { endedToken, liveSession, liveToken, startFixture, type ObserverFixture } from './observerFixture.ts';

const unknownToken = 'sk-aq-none-0123456789abcdefghijklmno';

describe('startObserverServer', () => {
  let fixture: ObserverFixture;
  let taken: unknown[];
  let answer: IntakeHandler;

  beforeEach(async () => {
    taken = [];
    answer = () => Promise.resolve(undefined);
    const take: IntakeHandler = (session, body, signal) => {
      taken.push([session.sessionId, body]);
      return answer(session, body, signal);
    };
    fixture = await startFixture({ intake: { hooks: new Map([['Stop', take]]), statusLine: take } });
  });
  afterEach(() => fixture.observer.close());

  it('hands hooks and the status line to who takes them, and answers what they say', async () => {
    assert.equal((await fixture.post('/hooks/Stop', '{"a":1}')).status, 204);
    answer = () => Promise.resolve({ text: 'ä' });
    const answered = await fixture.post('/status-line', gzipSync('[2]'), { headers: { 'content-encoding': 'gzip' } });
    assert.equal(answered.status, 200);
    assert.deepEqual(await answered.json(), { text: 'ä' });
    assert.deepEqual(taken, [
      [liveSession.sessionId, { a: 1 }],
      [liveSession.sessionId, [2]],
    ]);
  });

  it('takes nothing in before the plan is known, and asks for the report again when that lasts', async () => {
    const told = Promise.withResolvers<boolean>();
    const statusLine: IntakeHandler = (session) => {
      taken.push(session.sessionId);
      return Promise.resolve(undefined);
    };
    const starting = await startFixture({
      intake: { hooks: new Map(), statusLine },
      configured: { soon: () => told.promise },
    });
    assert.equal((await starting.post('/status-line', '{}', { token: unknownToken })).status, 401);
    const [posted, again] = [starting.post('/status-line'), starting.post('/status-line')];
    await new Promise((resolve) => setTimeout(resolve, 100));
    assert.deepEqual(taken, []);
    told.resolve(true);
    assert.deepEqual([(await posted).status, (await again).status, taken.length], [204, 204, 2]);
    await starting.observer.close();

    const late = await startFixture({ configured: { soon: () => Promise.resolve(false) } });
    assert.equal((await late.post('/status-line')).status, 503);
    await late.observer.close();
  });

  it('waits as long as the handler does, and tells it when the agent is gone', async () => {
    const asked = Promise.withResolvers<AbortSignal>();
    answer = (_session, _body, signal) => {
      asked.resolve(signal);
      return new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => {
          reject(new Error('given up'));
        });
      });
    };
    const client = new AbortController();
    const posted = assert.rejects(fixture.post('/hooks/Stop', '{}', { signal: client.signal }));
    const signal = await asked.promise;
    assert.equal(signal.aborted, false);
    const gone = once(signal, 'abort');
    client.abort();
    await gone;
    await posted;
  });

  it('ends waits when it closes', async () => {
    const asked = Promise.withResolvers<AbortSignal>();
    answer = (_session, _body, signal) => {
      asked.resolve(signal);
      return once(signal, 'abort').then(() => undefined);
    };
    const posted = assert.rejects(fixture.post('/hooks/Stop'));
    const signal = await asked.promise;
    const gone = once(signal, 'abort');
    const closed = fixture.observer.close();
    await Promise.all([gone, posted, closed]);
  });

  it('answers 503 when a handler fails, and logs why', async () => {
    answer = () => Promise.reject(new Error('the ledger is busy'));
    assert.equal((await fixture.post('/status-line')).status, 503);
    assert.match(fixture.logged.join('\n'), /could not be taken in.*the ledger is busy/);
  });

  it('accepts metrics and traces and reads nothing of them', async () => {
    for (const signal of ['metrics', 'traces']) {
      assert.equal((await fixture.post(`/v1/${signal}`, 'not even JSON')).status, 200);
    }
  });

  for (const [title, status, path, options] of [
    ['an unknown session', 401, '/hooks/Stop', { token: unknownToken }],
    ['an ended session', 403, '/hooks/Stop', { token: endedToken }],
    ['an event that nobody takes', 404, '/hooks/Other', {}],
    ['another path', 404, '/v2/logs', {}],
    ['a query', 404, '/hooks/Stop?x=1', {}],
    ['another method', 405, '/hooks/Stop', { method: 'GET' }],
    ['a web page', 403, '/hooks/Stop', { headers: { origin: 'https://evil.example' } }],
    ['another coding', 415, '/hooks/Stop', { headers: { 'content-encoding': 'br' } }],
    ['what is not packed as it says', 400, '/hooks/Stop', { headers: { 'content-encoding': 'gzip' } }],
  ] as const) {
    it(`refuses ${title}`, async () => {
      assert.equal((await fixture.post(path, '{}', options)).status, status);
      assert.deepEqual(taken, []);
      assert.ok(!fixture.logged.join().includes('sk-aq-'), 'no token is logged');
    });
  }

  it('refuses what is no JSON', async () => {
    assert.equal((await fixture.post('/hooks/Stop', '{')).status, 400);
    assert.deepEqual(taken, []);
  });

  it('refuses another host', async () => {
    const head = `POST /${liveToken}/hooks/Stop HTTP/1.1\r\nHost: evil.example\r\nContent-Length: 2\r\n\r\n{}`;
    assert.match(await sendRaw(fixture.observer.port, head), /^HTTP\/1\.1 403 /);
    assert.deepEqual(taken, []);
  });

  it('refuses a long report before its body has come, and one that grows or unpacks to be long', async () => {
    const { port } = fixture.observer;
    const head = `POST /${liveToken}/hooks/Stop HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n`;
    assert.match(await sendRaw(port, `${head}Content-Length: 4194305\r\n\r\n`), /^HTTP\/1\.1 413 /);
    const chunked = `${head}Transfer-Encoding: chunked\r\n\r\n400001\r\n${' '.repeat(0x400001)}\r\n`;
    assert.match(await sendRaw(port, chunked), /^HTTP\/1\.1 413 /);
    const packed = gzipSync(Buffer.alloc(9 * 1024 * 1024));
    const answered = await fixture.post('/hooks/Stop', packed, { headers: { 'content-encoding': 'gzip' } });
    assert.equal(answered.status, 413);
    assert.deepEqual(taken, []);
  });

  it('asks for a body that waits to be asked for only when it is wanted', async () => {
    const { port } = fixture.observer;
    const head = (token: string) =>
      `POST /${token}/hooks/Stop HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n`;
    assert.match(await sendRaw(port, head(endedToken)), /^HTTP\/1\.1 403 /);
    const socket = connect(port, '127.0.0.1');
    socket.write(head(liveToken));
    const [first] = (await once(socket, 'data')) as [Buffer];
    assert.match(first.toString(), /^HTTP\/1\.1 100 /);
    socket.end('{}');
    const [second] = (await once(socket, 'data')) as [Buffer];
    assert.match(second.toString(), /^HTTP\/1\.1 204 /);
    socket.destroy();
  });
});
