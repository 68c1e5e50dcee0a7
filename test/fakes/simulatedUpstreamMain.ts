/**
 * Runs a simulated upstream as a process of its own: `node simulatedUpstreamMain.ts '{"port":0,"behaviour":{…}}'`.
 * Prints `{"url":"…"}` as its first line and stops on SIGTERM or SIGINT, or when its standard input ends.
 */
import { parseBehaviourChange } from './behaviourParser.ts';
import { optional, readBoolean, readFields, readInteger, readString } from './jsonReader.ts';
import { startSimulatedUpstream, type SimulatedUpstreamOptions } from './simulatedUpstream.ts';

const readOptions = readFields<Omit<SimulatedUpstreamOptions, 'now'>>({
  port: optional(readInteger(0)),
  pathPrefix: optional(readString),
  behaviour: optional(parseBehaviourChange),
  organizationId: optional(readString),
  keepBodies: optional(readBoolean),
  maxLogEntries: optional(readInteger(1)),
});

const upstream = await startSimulatedUpstream(readOptions(JSON.parse(process.argv[2] ?? '{}'), 'options'));

let isStopping = false;
function stop(): void {
  if (!isStopping) {
    isStopping = true;
    void upstream.close().finally(() => process.exit(0));
  }
}

process.once('SIGTERM', stop);
process.once('SIGINT', stop);
process.stdin.on('end', stop).on('error', stop).resume();
process.stdout.write(`${JSON.stringify({ url: upstream.url })}\n`);
