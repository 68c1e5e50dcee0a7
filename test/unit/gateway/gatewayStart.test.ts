import assert from 'node:assert/strict';
import { setImmediate as turn } from 'node:timers/promises';
import { FakeClock } from '../../fakes/fakeClock.ts';
import { liveToken } from './fakeAdmission.ts';
import { directConnections, type GatewayFixture, realKey, startFixture, startServer } from './gatewayFixture.ts';

describe('a gateway that has not been told yet where requests go', () => {
  let clock: FakeClock;
  let upstream: Awaited<ReturnType<typeof startServer>>;
  let fixture: GatewayFixture;
  let keys: (string | undefined)[];

  beforeEach(async () => {
    clock = new FakeClock();
    keys = [];
    upstream = await startServer((request, response) => {
      keys.push(request.headers['x-api-key'] as string | undefined);
      response.end('{}');
    });
    fixture = await startFixture(upstream.url, clock, directConnections(), undefined, false);
    fixture.target = undefined;
  });
  afterEach(async () => {
    await fixture.close();
    await upstream.close();
  });

  const ask = (key = liveToken, signal?: AbortSignal): Promise<Response> =>
    fetch(`${fixture.gateway.url}/v1/models`, {
      headers: { 'x-api-key': key },
      ...(signal !== undefined && { signal }),
    });
  const waits = async (): Promise<void> => {
    while (clock.timers === 0) await turn();
  };

  it('lets an agent’s request wait, and sends it as soon as it is told', async () => {
    const asked = ask();
    await waits();
    assert.deepEqual(fixture.admission.asks, [], 'by the plan that holds, which is not known either');
    fixture.target = { baseUrl: upstream.url, key: realKey };
    fixture.configured.come();
    assert.equal((await asked).status, 200);
    assert.deepEqual(keys, [realKey]);
    assert.equal((await ask()).status, 200);
  });

  it('has it wait for ten seconds, and asks for another try then', async () => {
    const asked = ask();
    await waits();
    await clock.advance(9999);
    assert.equal(clock.timers, 1, 'it still waits');
    await clock.advance(1);
    const answer = await asked;
    assert.equal(answer.status, 503);
    assert.equal(answer.headers.get('retry-after'), '1');
    assert.equal(answer.headers.get('x-should-retry'), null);
    assert.match(await answer.text(), /still starting/);
    assert.deepEqual(keys, []);
  });

  it('answers a key that is nobody’s at once', async () => {
    assert.equal((await ask('sk-aq-nobody')).status, 401);
  });

  it('forgets the wait of an agent that goes, and of all when it closes', async () => {
    const gone = new AbortController();
    const rejected = assert.rejects(ask(liveToken, gone.signal));
    await waits();
    gone.abort();
    await rejected;
    while (clock.timers > 0) await turn();
    const cut = assert.rejects(ask());
    await waits();
    await fixture.close();
    await cut;
    assert.equal(clock.timers, 0);
    fixture.configured.come();
    await turn();
    assert.deepEqual(fixture.admission.asks, []);
  });
});
