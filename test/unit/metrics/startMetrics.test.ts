import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import * as z from 'zod';
import { dashboardQueries } from './grafanaDashboard.ts';
import { MetricTester } from './metricTester.ts';

/** A sample line of Prometheus' text format. Source: Prometheus documentation, "Exposition formats". */
const sampleLine =
  /^([a-zA-Z_:][\w:]*)(?:\{((?:[a-zA-Z_]\w*="(?:[^"\\\n]|\\[\\n"])*",?)*)\})? (-?[\d.e+-]+|[+-]Inf|NaN)$/;

/** Of each metric, its samples by their labels. @throws for a line that is not of the format. */
function samplesIn(page: string): Map<string, Map<string, number>> {
  const found = new Map<string, Map<string, number>>();
  for (const line of page.split('\n')) {
    if (line === '' || /^# (?:HELP|TYPE|UNIT) \w+ .+$/.test(line)) continue;
    const [, name = '', labels = '', value = ''] = sampleLine.exec(line) ?? assert.fail(line);
    const samples = found.get(name) ?? new Map<string, number>();
    assert.ok(!samples.has(labels), `twice: ${line}`);
    found.set(name, samples.set(labels.replace(/,?otel_scope_name="[^"]*"/, ''), Number(value)));
  }
  return found;
}

const attributeSchema = z.object({ key: z.string(), value: z.looseObject({ stringValue: z.string().optional() }) });
const pushSchema = z.object({
  resourceMetrics: z.array(
    z.object({
      resource: z.object({ attributes: z.array(attributeSchema) }),
      scopeMetrics: z.array(
        z.object({ metrics: z.array(z.looseObject({ name: z.string(), unit: z.string().optional() })) }),
      ),
    }),
  ),
});

/** An OTLP/HTTP receiver that answers with a status. */
async function startReceiver(): Promise<{
  readonly url: string;
  readonly pushes: { path: string; headers: IncomingHttpHeaders; body: z.infer<typeof pushSchema> }[];
  status: number;
  close: () => void;
}> {
  const server = createServer((request, response) => {
    void (async () => {
      const body = await text(request);
      receiver.pushes.push({
        path: request.url ?? '',
        headers: request.headers,
        body: pushSchema.parse(JSON.parse(body)),
      });
      response.writeHead(receiver.status, { 'content-type': 'application/json' }).end('{}');
    })();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const receiver: Awaited<ReturnType<typeof startReceiver>> = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    pushes: [],
    status: 200,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
  return receiver;
}

describe('metrics', () => {
  it('are a Prometheus server’s text, and count what happens', async () => {
    const tester = new MetricTester();
    tester.happen();
    const samples = samplesIn(await tester.metrics.text());
    const tokens = samples.get('agent_quota_tokens_total');
    const a = 'gen_ai_agent_name="agent \\"a\\"\\\\",gen_ai_response_model="opus"';
    const kinds = ['input', 'cache_write_5m', 'cache_write_1h', 'cache_read', 'output'];
    assert.deepEqual(
      kinds.map((kind) => tokens?.get(`${a},agent_quota_token_kind="${kind}"`)),
      [100, 20, 30, 1000, 10],
    );
    const usage = [...(samples.get('gen_ai_client_token_usage_sum') ?? [])];
    assert.deepEqual(
      usage.filter(([labels]) => labels.includes('model="opus"')).map(([, value]) => value),
      [1150, 10],
      'all of the input, and the output',
    );
    const cost = samples.get('agent_quota_cost_total');
    assert.deepEqual([cost?.size, cost?.get(a)?.toFixed(6)], [1, '0.001675']);
    assert.equal(samples.get('agent_quota_requests_unpriced_total')?.size, 2);
    assert.equal(samples.get('agent_quota_request_wait_sum')?.get(''), 2.5);
    assert.equal(samples.get('agent_quota_upstream_limited_total')?.size, 2);
    assert.equal(samples.get('agent_quota_limit_usage')?.get('agent_quota_limit_dimension="tokensPerMinute"'), 0.425);
    assert.equal(samples.get('agent_quota_sessions')?.get('agent_quota_session_activity="working"'), 1);
    assert.equal(samples.get('agent_quota_requests')?.get('agent_quota_request_state="waiting"'), 1);
    assert.equal(
      samples
        .get('agent_quota_limit_exhaustion')
        ?.get('agent_quota_limit_dimension="fiveHour",agent_quota_limit_models="opus-5"'),
      7200,
    );
    await tester.metrics.close();
    tester.happen();
    assert.equal(tester.snapshots, 1, 'asked once, and no more after the end');
  });

  it('have every name and label that the ready dashboard asks for', async () => {
    const tester = new MetricTester();
    tester.happen();
    const samples = samplesIn(await tester.metrics.text());
    const labels = new Set(
      [...samples.values()].flatMap((of) =>
        [...of.keys()].flatMap((all) => [...all.matchAll(/(\w+)="/g)].map(([, name]) => name)),
      ),
    );
    const queries = dashboardQueries();
    assert.ok(queries.length > 10);
    for (const query of queries) {
      const names = query.match(/\b(?:agent_quota|gen_ai|http|le)\w*\b/g) ?? [];
      assert.ok(
        names.some((name) => samples.has(name)),
        query,
      );
      for (const name of names) assert.ok(samples.has(name) || labels.has(name), `${name} of ${query}`);
    }
    await tester.metrics.close();
  });

  it('are pushed to a receiver with the user’s headers, the last when they end', async () => {
    const receiver = await startReceiver();
    const otlp = { endpoint: `${receiver.url}/base/`, headers: { authorization: 'Bearer very-secret' } };
    const tester = new MetricTester({ otlp, pushEveryMs: 50 });
    tester.happen();
    while (receiver.pushes.length < 2) await sleep(20);
    await tester.metrics.close();
    receiver.close();
    const last = receiver.pushes.at(-1);
    assert.equal(last?.path, '/base/v1/metrics');
    assert.equal(last.headers.authorization, 'Bearer very-secret');
    const [resource] = last.body.resourceMetrics;
    const attributes = resource?.resource.attributes.map(({ key, value }) => [key, value.stringValue]);
    assert.deepEqual(attributes, [
      ['service.name', 'agent-quota'],
      ['service.instance.id', 'engine-1'],
    ]);
    const names = resource?.scopeMetrics.flatMap(({ metrics }) => metrics.map(({ name }) => name)) ?? [];
    assert.ok(names.includes('gen_ai.client.token.usage') && names.includes('agent_quota.limit.usage'), names.join());
    assert.ok(tester.pushes.length >= 2 && tester.pushes.every((failure) => failure === undefined));
  });

  it('that cannot be pushed are told of without what the headers hold, and nobody is kept waiting', async () => {
    const receiver = await startReceiver();
    receiver.status = 401;
    const otlp = { endpoint: `${receiver.url}/v1/metrics`, headers: { authorization: 'Bearer very-secret' } };
    const tester = new MetricTester({ otlp, pushEveryMs: 20 });
    while (tester.pushes.length === 0) await sleep(20);
    assert.notEqual(tester.pushes[0], undefined);
    assert.ok(!JSON.stringify(tester.pushes).includes('very-secret'));
    assert.equal(receiver.pushes[0]?.path, '/v1/metrics');
    await tester.metrics.close();
    receiver.close();
  });
});
