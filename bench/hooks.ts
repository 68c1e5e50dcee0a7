// What hooks cost an observed agent: `npm run bench:hooks`, after `npm run build`. One hook is a request to the launcher's
// relay and on to the engine; a turn is a whole run of the real CLI with one tool, by the launcher, with hooks and with
// hooks switched off in turns. The last line is JSON, in milliseconds.
import { engineReports } from '../src/launcher/observed/engineReports.ts';
import { startReportRelay } from '../src/launcher/observed/reportRelay.ts';
import { startObservedWorld } from '../test/e2e/observed/observedWorld.ts';

const hooks = 400;
const pairs = 15;
const withoutHooks = JSON.stringify({ disableAllHooks: true });
const turn = ['-p', 'say hi', '--allowedTools', 'Bash'];

const world = await startObservedWorld({
  toolUse: { name: 'Bash', input: { command: 'echo hello', description: 'Say hello' } },
});
try {
  const hookMs = await measureHooks(world.observerUrl);
  const added: number[] = [];
  for (let pair = 0; pair < pairs; pair += 1) {
    const took = { held: 0, free: 0 };
    for (const kind of pair % 2 === 0 ? (['held', 'free'] as const) : (['free', 'held'] as const)) {
      const run = await world.observed(kind === 'held' ? turn : [...turn, '--settings', withoutHooks]);
      if (run.code !== 0) throw new Error(`A run failed: ${JSON.stringify(run)}`);
      took[kind] = run.milliseconds;
    }
    added.push(took.held - took.free);
  }
  const figures = {
    hookP50Ms: quantile(hookMs, 0.5),
    hookP95Ms: quantile(hookMs, 0.95),
    turnAddedMs: quantile(added, 0.5),
  };
  console.log(JSON.stringify(figures));
} finally {
  await world.close();
}

async function measureHooks(observerUrl: string): Promise<number[]> {
  const nothing = (): void => undefined;
  const reports = engineReports(() => observerUrl);
  const relay = await startReportRelay({ reports, onWaiting: nothing, onWaited: nothing, onStopped: nothing });
  const body = JSON.stringify({ session_id: 'bench', hook_event_name: 'PreToolUse', tool_input: 'x'.repeat(4000) });
  const took: number[] = [];
  for (let count = 0; count < hooks; count += 1) {
    const startedAt = performance.now();
    const headers = { authorization: `Bearer ${relay.key}` };
    const answer = await fetch(`${relay.url}/hooks/PreToolUse`, { method: 'POST', headers, body });
    await answer.arrayBuffer();
    took.push(performance.now() - startedAt);
  }
  relay.close();
  // The first ones find cold code.
  return took.slice(hooks / 10);
}

function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return Math.round((sorted[Math.floor(sorted.length * share)] ?? NaN) * 100) / 100;
}
