/**
 * Our own gateway, in a process of its own: `node engineProcess.ts UPSTREAM sqlite|memory`. The whole engine runs as in
 * a window, in a worker thread, with limits that make nobody wait. Tells its route when it is ready, and what it has
 * metered when it is asked.
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { apiKeyPlan } from '../../src/core/plan.ts';
import { ledgerFileName } from '../../src/ledger/openLedger.ts';
import { startEngine } from '../../test/e2e/runningEngine.ts';
import { repositoryRoot } from '../../test/host/paths.ts';
import type { Route } from './messages.ts';

const agents = 8;
const plan = apiKeyPlan({
  requestsPerMinute: 100_000_000,
  tokensPerMinute: 10_000_000_000_000,
  concurrentAgents: agents,
});

const [upstream = '', kept] = process.argv.slice(2);
const running = await startEngine(upstream, plan, {
  files: {
    engine: join(repositoryRoot, 'src', 'engine.ts'),
    checkpoints: join(repositoryRoot, 'src', 'ledger', 'checkpointThread.ts'),
  },
  // Where its file should be and cannot, the engine keeps its ledger in memory.
  prepareStorage: async (directory) => {
    if (kept === 'memory') await mkdir(join(directory, ledgerFileName));
  },
});
process.once('disconnect', () => {
  void running.close().finally(() => process.exit());
});

process.on('message', (message) => {
  if (message === 'metered') void tellMetered();
});

const keys: string[] = [];
let baseUrl = '';
for (let agent = 0; agent < agents; agent += 1) {
  const { overlay } = await running.open(`agent-${agent}`);
  keys.push(overlay['ANTHROPIC_API_KEY'] ?? '');
  baseUrl = overlay['ANTHROPIC_BASE_URL'] ?? '';
}
const { ledger } = await running.engine.snapshot();
if (ledger.kind !== kept) throw new Error(`The ledger is kept in ${ledger.kind}.`);
const route: Route = { kind: 'route', baseUrl, keys };
process.send?.(route);

async function tellMetered(): Promise<void> {
  const { sessions } = await running.engine.snapshot();
  const outputTokens = sessions.reduce((sum, { usage }) => sum + usage.outputTokens, 0);
  process.send?.({ kind: 'metered', outputTokens });
}
