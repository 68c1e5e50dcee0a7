import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type IncomingMessage, request as httpRequest } from 'node:http';
import { tokenEnding } from '../../../src/shared/sessionToken.ts';
import { unifiedHeaders } from '../../fakes/unifiedHeaders.ts';
import { endedToken, liveToken } from './fakeAdmission.ts';
import { type GatewayFixture, realKey, startFixture, startServer } from './gatewayFixture.ts';

const login = 'Bearer sk-ant-oat01-the-login-of-an-agent-LOGIN';
const anotherToken = `sk-aq-another${tokenEnding}`;
const inPath = `/s/${liveToken}/v1/messages?beta=true`;

describe('the gateway with a login that is the agent’s own', () => {
  let fixture: GatewayFixture;
  let upstream: Awaited<ReturnType<typeof startServer>>;
  let seen: { readonly url: string; readonly rawHeaders: readonly string[] }[];
  let status: number;

  beforeEach(async () => {
    seen = [];
    status = 200;
    const window = { utilization: 0.25, resetsAt: Math.round(Date.now() / 1000) + 3600, status: 'allowed' } as const;
    upstream = await startServer((request, response) => {
      seen.push({ url: request.url ?? '', rawHeaders: request.rawHeaders });
      request.resume();
      response.writeHead(status, {
        ...unifiedHeaders({ fiveHour: window, sevenDay: window }),
        'content-type': 'application/json',
      });
      response.end(JSON.stringify({ model: 'm', usage: { input_tokens: 3, output_tokens: 4 } }));
    });
    fixture = await startFixture(upstream.url);
    fixture.target = { baseUrl: upstream.url, key: undefined };
  });
  afterEach(async () => {
    await fixture.close();
    await upstream.close();
  });

  async function call(
    path: string,
    headers: Record<string, string>,
  ): Promise<{ response: IncomingMessage; text: string }> {
    const request = httpRequest(`${fixture.gateway.url}${path}`, { method: 'POST', headers, agent: false });
    request.end('{"model":"m"}');
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    let text = '';
    for await (const chunk of response) text += String(chunk);
    return { response, text };
  }

  it('passes it on untouched, without the session’s token, and meters what it used', async () => {
    const headers = { Authorization: login, 'anthropic-beta': 'oauth-2025-04-20', 'X-Mine': `has ${liveToken}` };
    const { response } = await call(inPath, headers);
    assert.equal(response.statusCode, 200);
    const [request] = seen;
    assert.equal(request?.url, '/v1/messages?beta=true');
    const { rawHeaders } = request;
    assert.equal(rawHeaders[rawHeaders.indexOf('Authorization') + 1], login);
    assert.ok(!rawHeaders.includes('x-api-key') && !rawHeaders.includes('X-Mine'));
    assert.ok(!JSON.stringify(seen).includes(liveToken));
    const outcome = await fixture.admission.reservations[0]?.ended;
    assert.ok(outcome !== undefined && outcome !== 'released');
    assert.equal(outcome.usage?.outputTokens, 4);
    assert.deepEqual(
      fixture.admission.reports[0]?.windows.map(({ name, utilization }) => [name, utilization]),
      [
        ['fiveHour', 0.25],
        ['sevenDay', 0.25],
      ],
    );
    assert.ok(!fixture.logged.join('\n').includes('LOGIN'));
  });

  it('drops a key of ours beside it', async () => {
    const { response } = await call(inPath, { authorization: login, 'x-api-key': anotherToken });
    assert.equal(response.statusCode, 200);
    assert.ok(!JSON.stringify(seen).includes(anotherToken));
    assert.ok(seen[0]?.rawHeaders.includes(login));
  });

  for (const [what, headers, says] of [
    ['without a login', {}, /brought none.*\/login/],
    ['with a key of ours alone', { 'x-api-key': anotherToken }, /brought none/],
    ['with a key of ours as its login', { authorization: `Bearer ${anotherToken}` }, /brought none/],
    ['with another scheme', { authorization: 'Basic dTpw' }, /brought none/],
    ['with an API key', { 'x-api-key': 'sk-ant-api03-of-the-user' }, /brought an API key instead/],
    ['with an API key beside its login', { authorization: login, 'x-api-key': 'sk-ant-x' }, /or as well/],
  ] as const) {
    it(`refuses a request ${what}, and says what to do`, async () => {
      const { response, text } = await call(inPath, headers);
      assert.equal(response.statusCode, 401);
      assert.equal(response.headers['x-should-retry'], 'false');
      assert.match(text, says);
      for (const value of Object.values(headers)) assert.ok(!text.includes(value));
      assert.deepEqual([seen.length, fixture.admission.asks.length], [0, 0]);
    });
  }

  it('refuses an agent that was started with a key, before logins were routed', async () => {
    for (const headers of [{ 'x-api-key': liveToken }, { authorization: `Bearer ${liveToken}` }]) {
      const { response, text } = await call('/v1/messages', headers);
      assert.equal(response.statusCode, 401);
      assert.match(text, /Agent Quota passes this agent's own Claude login on/);
    }
    assert.equal(seen.length, 0);
  });

  it('knows the session by its token alone: a login opens nothing', async () => {
    for (const [path, code] of [
      ['/v1/messages', 401],
      ['/s/sk-aq-guessed/v1/messages', 401],
      [`/s/${endedToken}/v1/messages`, 403],
    ] as const) {
      const { response } = await call(path, { authorization: login });
      assert.equal(response.statusCode, code);
    }
    assert.equal(seen.length, 0);
  });

  it('leaves a rejected login to its agent, which may renew it: nothing of ours is troubled', async () => {
    status = 401;
    const { response } = await call(inPath, { authorization: login });
    assert.equal(response.statusCode, 401);
    assert.equal(response.headers['x-should-retry'], undefined);
    assert.equal(fixture.health.map(({ kind }) => kind).join(), '');
    status = 529;
    await call(inPath, { authorization: login });
    assert.equal(fixture.health.length, 1);
    status = 401;
    await call(inPath, { authorization: login });
    assert.equal(fixture.health.at(-1)?.kind, 'reachable', 'it answers');
  });

  it('puts the real key in its place once there is one', async () => {
    fixture.target = { baseUrl: upstream.url, key: realKey };
    const { response } = await call(inPath, { authorization: login });
    assert.equal(response.statusCode, 200);
    const rawHeaders = seen[0]?.rawHeaders ?? [];
    assert.equal(rawHeaders[rawHeaders.indexOf('x-api-key') + 1], realKey);
    assert.ok(!JSON.stringify(seen).includes('LOGIN'));
  });

  it('sends it nowhere when routing is switched off, also while its request waits', async () => {
    const { target } = fixture;
    fixture.target = undefined;
    const { response, text } = await call(inPath, { authorization: login });
    assert.equal(response.statusCode, 403);
    assert.match(text, /switched off now \(agentQuota\.subscription\.mode\)/);
    fixture.target = target;
    fixture.admission.admit = () => {
      fixture.target = undefined;
      return Promise.resolve();
    };
    assert.equal((await call(inPath, { authorization: login })).response.statusCode, 403);
    assert.equal(await fixture.admission.reservations[0]?.ended, 'released');
    assert.equal(seen.length, 0);
  });
});
