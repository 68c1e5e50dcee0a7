import { createServer, type RequestListener } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import type { Clock } from '../../../src/core/clock.ts';
import { FirstConfiguration } from '../../../src/core/firstConfiguration.ts';
import type { Logger } from '../../../src/core/logger.ts';
import { directNetwork } from '../../../src/core/upstreamNetwork.ts';
import { type Gateway, startGateway } from '../../../src/gateway/gateway.ts';
import type { ScrapedMetrics } from '../../../src/gateway/metricsPage.ts';
import { createUpstreamConnections, type UpstreamConnections } from '../../../src/gateway/upstreamConnections.ts';
import type { UpstreamHealth } from '../../../src/gateway/upstreamHealth.ts';
import type { UpstreamTarget } from '../../../src/core/credentials.ts';
import { FakeAdmission } from './fakeAdmission.ts';

export const realKey = 'sk-ant-real-key-that-must-never-be-seen-by-an-agent';

export const systemClock: Clock = {
  now: Date.now,
  after: (delayMs, callback) => {
    const timer = setTimeout(callback, delayMs);
    return () => {
      clearTimeout(timer);
    };
  },
};

/** A gateway before an upstream, and all that is recorded of it. */
export interface GatewayFixture {
  readonly gateway: Gateway;
  readonly admission: FakeAdmission;
  readonly configured: FirstConfiguration;
  readonly health: UpstreamHealth[];
  readonly logged: string[];
  /** May be changed while the gateway runs. */
  target: UpstreamTarget | undefined;
  /** Whether a command that has failed may print a key yet. */
  keyMayCome: boolean;
  close(): Promise<void>;
}

/** A server of a test's own on a free port. */
export async function startServer(listener: RequestListener): Promise<{ url: string; close: () => Promise<void> }> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** Connections of a test's own: directly, and with the usual patience. */
export const directConnections = (): UpstreamConnections => createUpstreamConnections(() => directNetwork);

export async function startFixture(
  baseUrl: string,
  clock = systemClock,
  connections = directConnections(),
  metrics?: ScrapedMetrics,
  isConfigured = true,
): Promise<GatewayFixture> {
  const admission = new FakeAdmission();
  const configured = new FirstConfiguration(clock);
  if (isConfigured) configured.come();
  const health: UpstreamHealth[] = [];
  const logged: string[] = [];
  const log = (message: string, cause?: unknown): void => {
    logged.push(
      cause === undefined
        ? message
        : `${message} ${cause instanceof Error ? (cause.stack ?? cause.message) : typeof cause}`,
    );
  };
  const logger: Logger = { debug: log, info: log, warn: log, error: log };
  const fixture: Pick<GatewayFixture, 'target' | 'keyMayCome'> = {
    target: { baseUrl, key: realKey },
    keyMayCome: false,
  };
  const gateway = await startGateway({
    admission,
    upstream: () => fixture.target,
    keyWanted: () => fixture.keyMayCome,
    configured,
    logger,
    clock,
    connections,
    ...(metrics !== undefined && { metrics }),
    onUpstreamHealth: (state) => health.push(state),
  });
  return Object.assign(fixture, {
    gateway,
    admission,
    configured,
    health,
    logged,
    close: async () => {
      await gateway.close();
      await connections.destroy();
    },
  });
}
