import assert from 'node:assert/strict';
import { liveToken } from './fakeAdmission.ts';
import { directConnections, type GatewayFixture, startFixture, startServer, systemClock } from './gatewayFixture.ts';

const token = 'the-token-of-the-metrics';

describe('metrics at the gateway', () => {
  let upstream: Awaited<ReturnType<typeof startServer>>;
  let fixture: GatewayFixture;
  let asked: string[];
  let isOn: boolean;
  let text: () => Promise<string>;

  beforeEach(async () => {
    asked = [];
    isOn = true;
    text = () => Promise.resolve('up 1\n');
    upstream = await startServer((request, response) => {
      asked.push(request.url ?? '');
      request.resume();
      response.writeHead(404).end('{}');
    });
    const metrics = { token, isOn: () => isOn, text: () => text() };
    fixture = await startFixture(upstream.url, systemClock, directConnections(), metrics);
  });
  afterEach(async () => {
    await fixture.close();
    await upstream.close();
  });

  function get(headers: Record<string, string>, path = '/metrics', method = 'GET'): Promise<Response> {
    return fetch(`${fixture.gateway.url}${path}`, { method, headers });
  }

  it('are given to who has their token', async () => {
    const response = await get({ authorization: `Bearer ${token}` }, '/metrics?x=1');
    assert.equal(response.status, 200);
    assert.equal(response.headers.get('content-type'), 'text/plain; version=0.0.4; charset=utf-8');
    assert.equal(await response.text(), 'up 1\n');
  });

  it('are given to nobody else, agents and web pages among them', async () => {
    for (const headers of [{}, { authorization: 'Bearer wrong' }, { 'x-api-key': liveToken }]) {
      const response = await get(headers);
      assert.equal(response.status, 401);
      assert.match(await response.text(), /Copy Prometheus Scrape Configuration/);
    }
    const page = await get({ authorization: `Bearer ${token}`, origin: 'https://example.com' });
    assert.equal(page.status, 403);
    assert.deepEqual(asked, [], 'nothing of it goes to the upstream');
  });

  it('have a token that opens nothing else', async () => {
    const authorization = `Bearer ${token}`;
    assert.equal((await get({ authorization }, '/v1/models')).status, 401);
    assert.equal((await get({ authorization }, '/metrics', 'POST')).status, 401);
    assert.deepEqual(asked, []);
  });

  it('are a path like any other while they are off', async () => {
    isOn = false;
    assert.equal((await get({ authorization: `Bearer ${token}` })).status, 401);
    assert.match(await (await get({})).text(), /brought no session key/);
  });

  it('that cannot be collected are a fault of our own', async () => {
    text = () => Promise.reject(new Error('no numbers'));
    const response = await get({ authorization: `Bearer ${token}` });
    assert.equal(response.status, 500);
    assert.ok(fixture.logged.some((line) => line.includes('no numbers')));
  });
});
