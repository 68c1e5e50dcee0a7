/** Puts loads on routes as it is told: opens its connections and uses each once, waits for the word, and measures. */
import { once } from 'node:events';
import { latenciesOf } from '../ledger/latencies.ts';
import { agentBody } from './agentBody.ts';
import { agentHeaders } from './agentHeaders.ts';
import { LoadConnection, type AnswerTime } from './loadConnection.ts';
import { loadTaskSchema, type LoadResult, type LoadTask } from './messages.ts';

process.on('disconnect', () => process.exit());
for (;;) {
  const messages: unknown[] = await once(process, 'message');
  const task = loadTaskSchema.parse(messages[0]);
  const connections = connect(task);
  const first = await Promise.all(connections.map((connection) => connection.ask()));
  process.send?.({ kind: 'ready', answered: first.filter(({ failure }) => failure === undefined).length });
  await once(process, 'message');
  process.send?.(await measure(connections, task.durationMs));
  await Promise.all(connections.map((connection) => connection.close()));
}

function connect({ route, headers, body, stream, connections }: LoadTask): LoadConnection[] {
  const { origin, pathname } = new URL(route.baseUrl);
  const shared = {
    path: `${pathname === '/' ? '' : pathname}/v1/messages?beta=true`,
    body: agentBody(body, stream),
    ending: stream ? 'message_stop' : '"usage"',
  };
  return Array.from({ length: connections }, (_, index) => {
    const key = route.keys[index % route.keys.length] ?? '';
    return new LoadConnection(origin, { ...shared, headers: [...agentHeaders(key), ...headers] });
  });
}

async function measure(connections: readonly LoadConnection[], durationMs: number): Promise<LoadResult> {
  const begun = performance.now();
  const times = await Promise.all(
    connections.map(async (connection) => {
      const own: AnswerTime[] = [];
      // One that fails is left alone: failing fast again and again would only take time from the others.
      do own.push(await connection.ask());
      while (performance.now() - begun < durationMs && own.at(-1)?.failure === undefined);
      return own;
    }),
  );
  const elapsedMs = performance.now() - begun;
  const good = times.flat().filter(({ failure }) => failure === undefined);
  const failures = times.flatMap((own) => own.flatMap(({ failure }) => failure ?? []));
  return {
    kind: 'result',
    elapsedMs,
    answered: good.length,
    failed: failures.length,
    failure: failures[0],
    whole: latenciesOf(good.map(({ wholeMs }) => wholeMs)),
    first: latenciesOf(good.map(({ firstMs }) => firstMs)),
  };
}
