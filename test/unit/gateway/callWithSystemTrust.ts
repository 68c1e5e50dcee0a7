import { directNetwork } from '../../../src/core/upstreamNetwork.ts';
import { singleCall } from '../../../src/gateway/singleCall.ts';
import { createUpstreamConnections } from '../../../src/gateway/upstreamConnections.ts';
import { describeUpstreamFailure } from '../../../src/gateway/upstreamFailure.ts';

/** Calls the origin in its argument with the trust that this process has by itself, and prints the status or the problem. */
const [, , origin = ''] = process.argv;
const connections = createUpstreamConnections(() => directNetwork);
const call = { origin, path: '/', method: 'GET', headers: {} } as const;
const told = await singleCall(connections.dispatcherFor({ origin, loopback: true }), call, 30_000).then(
  ({ status }) => status,
  (error: unknown) => describeUpstreamFailure(error, origin).problem.code,
);
process.stdout.write(String(told));
await connections.destroy();
