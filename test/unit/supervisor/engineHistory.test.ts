import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { apiKeyPlan } from '../../../src/core/plan.ts';
import { directNetwork } from '../../../src/core/upstreamNetwork.ts';
import { startWorkerThread } from '../../../src/supervisor/engineThread.ts';
import { amountTokens, type UsageHistory } from '../../../src/shared/usageHistory.ts';
import { temporaryDirectory } from '../ledger/temporaryDirectory.ts';
import { transcriptLine } from '../transcripts/transcriptLine.ts';
import { SupervisorTester } from './supervisorTester.ts';

const script = (path: string): string => fileURLToPath(new URL(`../../../src/${path}`, import.meta.url));
const model = 'claude-opus-4-5';

describe('the history of an engine', () => {
  let directory: ReturnType<typeof temporaryDirectory>;
  let upstream: Server;
  let tester: SupervisorTester;
  let told: (number | undefined)[];
  const before = process.env['CLAUDE_CONFIG_DIR'];

  beforeEach(async () => {
    directory = temporaryDirectory();
    let requests = 0;
    upstream = createServer((request, response) => {
      request.resume();
      requests += 1;
      const usage = { input_tokens: 100, output_tokens: 10 };
      const message = { id: `msg_${requests}`, type: 'message', role: 'assistant', model, content: [], usage };
      response.writeHead(200, { 'content-type': 'application/json', 'request-id': `req_${requests}` });
      response.end(JSON.stringify(message));
    }).listen(0, '127.0.0.1');
    await once(upstream, 'listening');
    const address = upstream.address();
    assert.ok(typeof address === 'object' && address !== null);
    const home = join(directory.path, 'claude');
    mkdirSync(join(home, 'projects', '-home-shop'), { recursive: true });
    process.env['CLAUDE_CONFIG_DIR'] = home;
    const line = (name: string, output: number, ageMs: number): string => {
      const usage = { input_tokens: 0, output_tokens: output };
      const timestamp = new Date(Date.now() - ageMs).toISOString();
      return transcriptLine({ messageId: `msg_${name}`, requestId: `req_${name}`, timestamp, model, usage });
    };
    // The gateway's two requests as Claude Code writes them down, and an older one that only Claude Code knows of.
    const lines = [line('1', 10, 0), line('2', 10, 0), line('elsewhere', 1_000_000, 60_000)];
    writeFileSync(join(home, 'projects', '-home-shop', 'session.jsonl'), `${lines.join('\n')}\n`);
    told = [];
    const start = {
      engineId: 'window',
      storageDirectory: join(directory.path, 'storage'),
      launcherSecret: 'launcher secret',
      transcriptScripts: {
        thread: script('transcripts/transcriptThread.ts'),
        reader: script('transcripts/transcriptReader.ts'),
      },
      priceScript: script('prices/listPrices.ts'),
    };
    tester = new SupervisorTester(start, (given) => startWorkerThread(script('engine.ts'), given), {
      firstTranscripts: (share) => told.push(share),
    });
    await tester.engine.configure({
      plan: apiKeyPlan(),
      agents: [],
      dailyTokens: 'fallback',
      credentials: { kind: 'apiKey', key: 'sk-ant-x', baseUrl: `http://127.0.0.1:${address.port}`, source: 'test' },
      credentialProblems: [],
      network: directNetwork,
      networkProblems: [],
      inactivityMs: 60_000,
      longestWaitMs: 1000,
      workspace: 'work',
      reporting: { transcripts: true, prices: [], prometheus: false, otlp: undefined },
    });
  });
  afterEach(async () => {
    if (before === undefined) delete process.env['CLAUDE_CONFIG_DIR'];
    else process.env['CLAUDE_CONFIG_DIR'] = before;
    await tester.supervisor.dispose();
    upstream.close();
    directory.remove();
  });

  async function ask(): Promise<void> {
    const auth = await tester.engine.setupClaudeAgentAuth({ ticket: 't', agentId: 'reviewer' });
    assert.ok(auth.kind === 'authenticated');
    for (let request = 0; request < 2; request += 1) {
      const response = await fetch(`${auth.overlay['ANTHROPIC_BASE_URL'] ?? ''}/v1/messages`, {
        method: 'POST',
        headers: { 'x-api-key': auth.overlay['ANTHROPIC_API_KEY'] ?? '', 'content-type': 'application/json' },
        body: JSON.stringify({ model, max_tokens: 10, messages: [{ role: 'user', content: 'hi' }] }),
      });
      assert.equal(response.status, 200, await response.text());
    }
  }

  it('counts each request once, and says what it costs', async () => {
    await ask();
    let found: UsageHistory;
    do {
      await sleep(50);
      found = await tester.engine.history({ span: 'hour', by: 'agent' });
    } while (found.transcripts.kind !== 'read' || found.totals.sevenDays.quota.requests < 2);
    const { sevenDays } = found.totals;
    assert.deepEqual([sevenDays.quota.requests, amountTokens(sevenDays.quota)], [2, 220]);
    assert.deepEqual([sevenDays.elsewhere.requests, amountTokens(sevenDays.elsewhere)], [1, 1_000_000]);
    assert.deepEqual(sevenDays.elsewhere.cost, { usd: 25, unpricedRequests: 0 });
    assert.equal(Math.round(sevenDays.quota.cost.usd * 1e6), 2 * (100 * 5 + 10 * 25));
    assert.deepEqual(
      found.series.map(({ origin, key }) => [origin, key]),
      [
        ['elsewhere', '-home-shop'],
        ['quota', 'reviewer'],
      ],
    );
    assert.equal(found.costs, 'billed');
    assert.deepEqual([told.at(0), told.at(-1)], [1, undefined], 'the first reading is told of');
    const snapshot = await tester.engine.snapshot();
    const events = await tester.engine.events(0);
    assert.equal(events.at(-1)?.id, snapshot.lastEventId);
    assert.ok(events.some((event) => event.kind === 'session-started' && event.session.agentId === 'reviewer'));
  });
});
