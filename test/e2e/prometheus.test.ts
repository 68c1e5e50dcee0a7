import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import * as z from 'zod';
import { apiKeyPlan } from '../../src/core/plan.ts';
import { totalTokens } from '../../src/core/usage.ts';
import { scrapeConfiguration } from '../../src/vscode/scrapeConfiguration.ts';
import { type SimulatedUpstreamProcess, startSimulatedUpstreamProcess } from '../fakes/simulatedUpstreamProcess.ts';
import { prometheusDirectory } from '../host/prometheusBinary.ts';
import { dashboardQueries } from '../unit/metrics/grafanaDashboard.ts';
import { temporaryDirectory } from '../unit/ledger/temporaryDirectory.ts';
import { type RunningEngine, startEngine } from './runningEngine.ts';

const answerSchema = z.object({
  status: z.literal('success'),
  data: z.object({ result: z.array(z.looseObject({ value: z.tuple([z.number(), z.string()]) })) }),
});

describe('a real Prometheus server', () => {
  let directory: ReturnType<typeof temporaryDirectory>;
  let upstream: SimulatedUpstreamProcess;
  let running: RunningEngine;
  let programs: string;
  let server: ChildProcess | undefined;

  before(async function () {
    this.timeout(120_000);
    programs = await prometheusDirectory();
  });
  beforeEach(async () => {
    directory = temporaryDirectory();
    upstream = await startSimulatedUpstreamProcess();
    const reporting = { transcripts: false, prices: [], prometheus: true, otlp: undefined };
    running = await startEngine(upstream.url, apiKeyPlan(), { terms: { reporting } });
  });
  afterEach(async () => {
    if (server?.exitCode === null) {
      server.kill();
      await once(server, 'exit');
    }
    await running.close();
    await upstream.close();
    directory.remove();
  });

  async function ask(agentId: string): Promise<void> {
    const { overlay } = await running.open(agentId);
    const response = await fetch(`${overlay['ANTHROPIC_BASE_URL'] ?? ''}/v1/messages`, {
      method: 'POST',
      headers: {
        'x-api-key': overlay['ANTHROPIC_API_KEY'] ?? '',
        'anthropic-version': '2023-06-01',
        'content-type': 'application/json',
      },
      body: JSON.stringify({ model: 'claude-opus-4-5', max_tokens: 64, messages: [{ role: 'user', content: 'hi' }] }),
    });
    assert.equal(response.status, 200, await response.text());
  }

  /** @returns where it answers. */
  async function startServer(): Promise<string> {
    const endpoint = await running.engine.metricsEndpoint();
    assert.ok(endpoint);
    const configuration = path.join(directory.path, 'prometheus.yml');
    const scraped = scrapeConfiguration(endpoint, 'my "shop" #1');
    await writeFile(configuration, `global:\n  scrape_interval: 1s\n${scraped}`);
    const free = createServer().listen(0, '127.0.0.1');
    await once(free, 'listening');
    const address = `127.0.0.1:${(free.address() as AddressInfo).port}`;
    free.close();
    await once(free, 'close');
    const storage = path.join(directory.path, 'data');
    server = spawn(
      path.join(programs, 'prometheus'),
      [`--config.file=${configuration}`, `--storage.tsdb.path=${storage}`, `--web.listen-address=${address}`],
      { stdio: 'ignore' },
    );
    return `http://${address}`;
  }

  async function query(url: string, expression: string): Promise<z.infer<typeof answerSchema>['data']['result']> {
    const response = await fetch(`${url}/api/v1/query?query=${encodeURIComponent(expression)}`);
    return answerSchema.parse(await response.json()).data.result;
  }

  it('scrapes the gateway with the copied configuration, and answers the ready dashboard', async function () {
    this.timeout(60_000);
    await ask('reviewer');
    const url = await startServer();
    const tokens = 'sum by (gen_ai_agent_name) (agent_quota_tokens_total)';
    let found: Awaited<ReturnType<typeof query>> = [];
    while (found.length === 0) {
      await sleep(200);
      found = await query(url, tokens).catch(() => []);
    }
    const used = totalTokens((await running.engine.snapshot()).usedToday);
    assert.deepEqual([found[0]?.['metric'], Number(found[0]?.value[1])], [{ gen_ai_agent_name: 'reviewer' }, used]);
    const [up] = await query(url, 'up');
    assert.equal(up?.value[1], '1');
    assert.match(JSON.stringify(up), /"window":"my \\"shop\\" #1"/);
    for (const expression of dashboardQueries()) await query(url, expression);
    const limits = await query(url, 'max by (agent_quota_limit_dimension) (agent_quota_limit_usage)');
    assert.equal(limits.length, 3);
  });

  it('finds nothing to say against the text', async () => {
    await ask('reviewer');
    const endpoint = await running.engine.metricsEndpoint();
    assert.ok(endpoint);
    const { url, token } = endpoint;
    const response = await fetch(url, { headers: { authorization: `Bearer ${token}` } });
    assert.equal(response.status, 200);
    const tool = spawn(path.join(programs, 'promtool'), ['check', 'metrics'], { stdio: ['pipe', 'pipe', 'pipe'] });
    tool.stdin.end(await response.text());
    const [said] = await Promise.all([text(tool.stderr), once(tool, 'exit')]);
    assert.notEqual(tool.exitCode, 1, `it can be read: ${said}`);
    assert.ok(!running.everythingWritten().includes(token), 'the token is in no file and no log');
  });
});
