import assert from 'node:assert/strict';
import { liveToken } from './fakeAdmission.ts';
import { type GatewayFixture, startFixture, startServer } from './gatewayFixture.ts';

const limitHeaders = {
  'anthropic-ratelimit-requests-limit': '50',
  'anthropic-ratelimit-requests-remaining': '49',
};
const started =
  'event: message_start\ndata: {"type":"message_start","message":{"model":"claude-answering","usage":{"input_tokens":5}}}\n\n';

describe('the gateway reports limits', () => {
  let fixture: GatewayFixture;
  let upstream: Awaited<ReturnType<typeof startServer>>;
  let answer: Parameters<typeof startServer>[0];

  before(async () => {
    upstream = await startServer((request, response) => {
      request.resume();
      answer(request, response);
    });
    fixture = await startFixture(upstream.url);
  });
  after(async () => {
    await fixture.close();
    await upstream.close();
  });

  /** @returns for each report the model and how many limits and windows it has. */
  async function reports(body: string, path = '/v1/messages'): Promise<unknown[]> {
    fixture.admission.reports.length = 0;
    const headers = { 'x-api-key': liveToken };
    const response = await fetch(`${fixture.gateway.url}${path}`, { method: 'POST', headers, body });
    await response.text();
    await fixture.admission.reservations.at(-1)?.ended;
    return fixture.admission.reports.map(({ model, limits, windows }) => [model, limits.length, windows.length]);
  }
  const asking = '{"model":"claude-asked"}';

  it('of the model that was asked, whatever the answer', async () => {
    for (const status of [200, 429, 529]) {
      answer = (_request, response) => response.writeHead(status, limitHeaders).end('{"model":"claude-answering"}');
      assert.deepEqual(await reports(asking), [['claude-asked', 1, 0]]);
    }
  });

  it('of the model that answers, where the request does not tell, once', async () => {
    answer = (_request, response) => response.writeHead(200, limitHeaders).end('{"model":"claude-answering"}');
    assert.deepEqual(await reports('{}'), [['claude-answering', 1, 0]]);
    answer = (_request, response) => {
      response.writeHead(200, { ...limitHeaders, 'content-type': 'text/event-stream' });
      response.end(started + started);
    };
    assert.deepEqual(await reports('{}'), [['claude-answering', 1, 0]]);
  });

  it('of a stream as soon as its model is known', async () => {
    const begun = Promise.withResolvers<() => void>();
    answer = (_request, response) => {
      response.writeHead(200, { ...limitHeaders, 'content-type': 'text/event-stream' }).write(started);
      begun.resolve(() => response.end());
    };
    const reported = reports('{}');
    const end = await begun.promise;
    while (fixture.admission.reports.length === 0) await new Promise((resolve) => setTimeout(resolve, 10));
    assert.equal(fixture.admission.reports[0]?.model, 'claude-answering');
    end();
    await reported;
  });

  it('of no model, where nobody tells', async () => {
    answer = (_request, response) => response.writeHead(429, limitHeaders).end('{}');
    assert.deepEqual(await reports('{}'), [[undefined, 1, 0]]);
  });

  it('of a subscription’s windows for every endpoint, and of nothing else for others than messages', async () => {
    const reset = String(Math.round(Date.now() / 1000) + 60);
    answer = (_request, response) =>
      response
        .writeHead(200, {
          ...limitHeaders,
          'anthropic-ratelimit-unified-7d-utilization': '0.5',
          'anthropic-ratelimit-unified-7d-reset': reset,
        })
        .end('{"model":"claude-answering"}');
    assert.deepEqual(await reports(asking), [['claude-asked', 1, 1]]);
    assert.deepEqual(await reports(asking, '/v1/messages/count_tokens'), [[undefined, 0, 1]]);
    answer = (_request, response) => response.writeHead(200, limitHeaders).end('{}');
    assert.deepEqual(await reports(asking, '/v1/messages/count_tokens'), []);
  });
});
