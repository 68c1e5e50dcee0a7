import assert from 'node:assert/strict';
import Anthropic from '@anthropic-ai/sdk';
import type { RequestOutcome } from '../../../src/core/admission.ts';
import { addUsage, noUsage } from '../../../src/core/usage.ts';
import { type SimulatedUpstream, startSimulatedUpstream } from '../../fakes/simulatedUpstream.ts';
import { endsOf, liveToken } from './fakeAdmission.ts';
import { type GatewayFixture, realKey, startFixture } from './gatewayFixture.ts';

const ask = {
  model: 'claude-sonnet-4-5',
  max_tokens: 100,
  messages: [
    {
      role: 'user' as const,
      content: [
        {
          type: 'text' as const,
          text: 'hi '.repeat(3000),
          cache_control: { type: 'ephemeral' as const, ttl: '1h' as const },
        },
      ],
    },
  ],
};

describe('the Anthropic SDK through the gateway', () => {
  let upstream: SimulatedUpstream;
  let fixture: GatewayFixture;
  beforeEach(async () => {
    upstream = await startSimulatedUpstream({
      behaviour: { acceptedKeys: [realKey], limits: { requestsPerMinute: 1000, tokensPerMinute: 1_000_000 } },
    });
    fixture = await startFixture(upstream.url);
  });
  afterEach(async () => {
    await fixture.close();
    await upstream.close();
  });

  const client = (baseURL = fixture.gateway.url): Anthropic =>
    new Anthropic({ baseURL, apiKey: liveToken, authToken: null, maxRetries: 0 });
  async function outcomes(): Promise<RequestOutcome[]> {
    const ended = await Promise.all(fixture.admission.reservations.map((reservation) => reservation.ended));
    return ended.filter((outcome) => outcome !== 'released');
  }

  for (const compression of ['identity', 'gzip', 'br', 'deflate', 'zstd'] as const) {
    it(`gets messages and streams, metered as the upstream counts them, in ${compression}`, async () => {
      upstream.behave({ compression, messageDeltas: 3, thinking: true });
      const headers = { 'accept-encoding': compression };
      // The SDK's fetch does not decode zstd, so of that only the metering is looked at.
      const calls = [
        client().messages.create(ask, { headers }),
        client().messages.stream(ask, { headers }).finalMessage(),
      ];
      const results = await Promise.allSettled(calls);
      if (compression !== 'zstd') assert.ok(results.every(({ status }) => status === 'fulfilled'));
      const { requests, answered429, answered401, faults, ...counted } = upstream.served().total;
      assert.deepEqual([requests, answered429, answered401, faults], [2, 0, 0, 0]);
      const metered = (await outcomes()).map(({ usage }) => usage ?? noUsage).reduce(addUsage, noUsage);
      assert.deepEqual(metered, counted);
      assert.ok(metered.cacheCreation1hTokens > 0);
      assert.ok(upstream.requests.every(({ key }) => key === realKey));
      assert.ok(fixture.admission.reports.length >= 2);
    });
  }

  it('works with the token in the base URL or as bearer token', async () => {
    await client(`${fixture.gateway.url}/s/${liveToken}`).messages.create(ask);
    const bearer = new Anthropic({ baseURL: fixture.gateway.url, apiKey: null, authToken: liveToken });
    await bearer.messages.create(ask);
    assert.deepEqual(
      upstream.requests.map(({ key, headers }) => [key, headers.authorization]),
      [
        [realKey, `Bearer ${realKey}`],
        [realKey, `Bearer ${realKey}`],
      ],
    );
  });

  it('lists models without quota and counts tokens as a request', async () => {
    assert.ok((await client().models.list()).data.length > 0);
    assert.equal(fixture.admission.asks.length, 0);
    assert.ok((await client().messages.countTokens({ model: ask.model, messages: ask.messages })).input_tokens > 0);
    assert.deepEqual(
      fixture.admission.asks.map(({ usesTokens }) => usesTokens),
      [false],
    );
    assert.deepEqual(
      (await outcomes()).map(({ usage }) => usage),
      [undefined],
    );
  });

  it('stops the upstream when it aborts, and what was used is settled', async () => {
    upstream.behave({ delays: { beforeHeadersMs: 0, betweenEventsMs: 50 }, deltaEvents: 30 });
    const stream = client().messages.stream(ask);
    await new Promise((resolve) => stream.once('text', resolve));
    stream.abort();
    await assert.rejects(stream.done());
    const [outcome] = await outcomes();
    assert.ok((outcome?.usage?.cacheCreation1hTokens ?? 0) > 0);
    while (upstream.requests[0]?.aborted !== true) await new Promise((resolve) => setTimeout(resolve, 10));
  });

  it('sees errors, cuts and error events as they are', async () => {
    upstream.behave({
      faults: [
        { kind: 'status', status: 529 },
        { kind: 'errorEvent' },
        { kind: 'cutMidStream' },
        { kind: 'cutBeforeHeaders' },
      ],
    });
    await assert.rejects(
      client().messages.create(ask),
      (error) => error instanceof Anthropic.APIError && error.status === 529,
    );
    await assert.rejects(client().messages.stream(ask).done());
    await assert.rejects(client().messages.stream(ask).done());
    await assert.rejects(
      client().messages.create(ask),
      (error) => error instanceof Anthropic.APIError && error.status === 502,
    );
    assert.ok(fixture.admission.reservations.every((reservation) => endsOf(reservation) === 1));
    const [overloaded, errorEvent, cut, lost] = await outcomes();
    assert.deepEqual([overloaded?.usage, lost?.usage, lost?.status], [undefined, undefined, undefined]);
    assert.ok((errorEvent?.usage?.inputTokens ?? 0) > 0 && (cut?.usage?.inputTokens ?? 0) > 0);
  });

  it('is told at once, without retries, that its session is unknown', async () => {
    const stranger = new Anthropic({
      baseURL: fixture.gateway.url,
      apiKey: 'sk-ant-foreign',
      authToken: null,
      maxRetries: 5,
    });
    await assert.rejects(stranger.messages.create(ask), /401.*Agent Quota's gateway/);
    assert.equal(upstream.requests.length, 0);
  });
});
