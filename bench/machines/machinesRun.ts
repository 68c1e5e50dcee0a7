import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { RateLimiterPostgres } from 'rate-limiter-flexible';
import { installSchema } from '../../src/postgres/installSchema.ts';
import type { PostgresServer } from '../../test/support/postgresServer.ts';
import { figuresOf, jainIndex, type Figures } from '../quota/figures.ts';
import { useOfLimit } from './useOfLimit.ts';
import type { Tally } from '../quota/tally.ts';
import { DelayingProxy } from './delayingProxy.ts';
import { Fleet } from './fleet.ts';
import type { Sharing } from './machineMessages.ts';
import { delayMs, jumpMs, limitsFor, partOfRun } from './machinesScenario.ts';
import { StrictUpstream } from './strictUpstream.ts';
import { tokensOfSessions } from './tokensOfSessions.ts';
import { usageOnRecord, type UsageOnRecord } from './usageOnRecord.ts';

export interface RunSize {
  readonly machines: number;
  readonly agents: number;
  /** Of each of the two parts of the run, without the time before it in which the full buckets are used up. */
  readonly seconds: number;
  /** Machines are killed, connections cut, and the server is restarted. */
  readonly hasFaults: boolean;
}

/** One part of a run. */
export interface PartFigures extends Omit<Figures, 'jain'> {
  /** Jain's index of the tokens that each session was given. */
  readonly jain: number;
  /** The same of what it was given while it had requests waiting, as `bench:quota` has it; see `Figures`. */
  readonly jainWhileWaiting: number;
  /** See `useOfLimit`. */
  readonly use: number;
}

/** How one way to share fared. */
export interface RunFigures {
  readonly steady: PartFigures;
  readonly jumping: PartFigures;
  readonly upstream429: number;
  readonly admitMs: readonly number[];
  readonly requests: number;
  /** Calls of the database by name, over the whole run. */
  readonly calls: Readonly<Record<string, number>>;
  readonly kills: number;
  /** Undefined where nothing is kept. */
  readonly usage: UsageOnRecord | undefined;
}

/** The time in which the full buckets are used up, and that in which demand is calm, in seconds. */
const warmUpSeconds = 25;
const calmSeconds = 20;

/** The machines, the database and the upstream of one run. */
interface World extends RunSize {
  readonly server: PostgresServer;
  readonly proxy: DelayingProxy;
  readonly upstream: StrictUpstream;
  readonly fleet: Fleet;
}

/** Runs one way to share: steady demand, then demand that jumps, then calm. */
export async function runSharing(sharing: Sharing, size: RunSize, server: PostgresServer): Promise<RunFigures> {
  const database = await server.createDatabase();
  await prepare(sharing, database);
  const proxy = await DelayingProxy.start(server.port, delayMs);
  const directory = await mkdtemp(join(tmpdir(), 'agent quota machines '));
  const limits = limitsFor(size.machines * size.agents);
  const upstream = new StrictUpstream(limits);
  const address = new URL(database);
  address.port = String(proxy.port);
  const fleet = new Fleet({ ...size, sharing, limits, address: address.href, directory }, upstream);
  try {
    await fleet.start();
    const world: World = { ...size, server, proxy, upstream, fleet };
    const steady = await runSteady(world);
    const jumping = await runJumping(world);
    if (sharing === 'leased') {
      fleet.demand(() => 'calm');
      await sleep(calmSeconds * 1000);
    }
    await fleet.close();
    return {
      steady,
      jumping,
      upstream429: upstream.refusals,
      admitMs: fleet.admitMs,
      requests: upstream.counted.size,
      calls: fleet.calls,
      kills: fleet.kills,
      usage: sharing === 'leased' ? await usageOnRecord(database, upstream.counted, fleet.settled) : undefined,
    };
  } finally {
    fleet.kill();
    await proxy.close();
    await rm(directory, { recursive: true, force: true, maxRetries: 5 });
  }
}

async function prepare(sharing: Sharing, address: string): Promise<void> {
  const client = new pg.Client({ connectionString: address });
  await client.connect();
  if (sharing === 'leased') await installSchema(client);
  if (sharing === 'fixedWindow') {
    await new Promise<void>((resolve, reject) => {
      const made = (error?: Error): void => {
        if (error === undefined) resolve();
        else reject(error);
      };
      const options = {
        storeClient: client,
        tableName: 'limiter',
        points: 1,
        duration: 60,
        clearExpiredByTimeout: false,
      };
      new RateLimiterPostgres(options, made);
    });
  }
  await client.end();
}

async function runSteady(world: World): Promise<PartFigures> {
  const end = world.upstream.record();
  world.fleet.demand(() => 'full');
  await sleep(warmUpSeconds * 1000);
  await withFaults(world);
  return figures(world, end(), warmUpSeconds);
}

/** Demand is on one half of the machines, then on the other. */
async function runJumping(world: World): Promise<PartFigures> {
  const { fleet, machines } = world;
  const end = world.upstream.record();
  let half = 0;
  const jump = (): void => {
    fleet.demand((machine) => (machine < machines / 2 === (half === 0) ? 'full' : 'none'));
    half = 1 - half;
  };
  jump();
  const jumps = setInterval(jump, jumpMs);
  await withFaults(world);
  clearInterval(jumps);
  return figures(world, end(), 0);
}

function figures({ machines, agents, seconds }: World, tally: Tally, warmUp: number): PartFigures {
  const sessions = machines * agents;
  const { jain, ...of } = figuresOf(partOfRun(sessions, warmUp + seconds, warmUp), tally);
  return {
    ...of,
    jain: jainIndex(tokensOfSessions(tally, sessions, warmUp)),
    jainWhileWaiting: jain,
    use: useOfLimit(tally, warmUp),
  };
}

/** One machine is killed, the server is restarted, and connections are cut five times. */
async function withFaults({ fleet, server, proxy, machines, seconds, hasFaults }: World): Promise<void> {
  const faults: readonly (readonly [part: number, happen: () => void | Promise<void>])[] = [
    ...[0.1, 0.3, 0.45, 0.75, 0.9].map(
      (part, index) =>
        [
          part,
          () => {
            proxy.cut(index + 1);
          },
        ] as const,
    ),
    [0.2, () => fleet.killAndRestart(fleet.kills % machines)],
    [
      0.6,
      async () => {
        await server.stop();
        await server.start();
      },
    ],
  ];
  const happening = (hasFaults ? faults : []).map(async ([part, happen]) => {
    await sleep(part * seconds * 1000);
    await happen();
  });
  await Promise.all([...happening, sleep(seconds * 1000)]);
}
