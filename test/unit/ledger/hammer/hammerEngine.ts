import { createHash, randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { AgentAuthCoordinator } from '../../../../src/core/agentAuthCoordinator.ts';
import { ClaudeQuotaManager } from '../../../../src/core/claudeQuotaManager.ts';
import { CurrentUpstream } from '../../../../src/core/currentUpstream.ts';
import { FirstConfiguration } from '../../../../src/core/firstConfiguration.ts';
import type { Ledger } from '../../../../src/core/ledger.ts';
import type { Logger } from '../../../../src/core/logger.ts';
import type { SecretSource } from '../../../../src/core/secretSource.ts';
import { directNetwork } from '../../../../src/core/upstreamNetwork.ts';
import { openLedger } from '../../../../src/ledger/openLedger.ts';
import { createProcessTable } from '../../../../src/processes/processTable.ts';
import { systemClock } from '../../../../src/processes/systemClock.ts';
import { silentLogger } from '../silentLogger.ts';
import { hammerPlan, hammerTerms } from './hammerPlan.ts';

/** The quota core of one process, put together as the engine does, without a gateway. */
export interface HammerEngine {
  readonly ledger: Ledger;
  readonly manager: ClaudeQuotaManager;
  readonly coordinator: AgentAuthCoordinator;
  readonly close: () => Promise<void>;
}

const checkpointScript = fileURLToPath(import.meta.resolve('../../../../src/ledger/checkpointThread.ts'));

const secrets: SecretSource = {
  token: () => randomUUID(),
  id: () => randomUUID(),
  hash: (token) => createHash('sha256').update(token).digest('base64url'),
};

/** @param failed hears of everything that the core logs as an error. */
export async function openHammerEngine(
  directory: string,
  engineId: string,
  failed: (message: string) => void,
): Promise<HammerEngine> {
  const error = (message: string, cause?: unknown): void => {
    failed(`${message} ${cause instanceof Error ? (cause.stack ?? cause.message) : ''}`);
  };
  const logger: Logger = { ...silentLogger, error };
  const processes = createProcessTable();
  const ownProcess = processes.identify(process.pid);
  const { ledger, kept } = await openLedger(directory, logger, { checkpointScript });
  if (kept.kind !== 'sqlite') failed('The ledger is in memory.');
  await ledger.join(engineId, ownProcess, systemClock.now());
  const parts = { ledger, clock: systemClock, secrets, logger, engineId };
  const manager = new ClaudeQuotaManager(hammerPlan, parts);
  await manager.configure(hammerTerms, 3000);
  const coordinator = new AgentAuthCoordinator({
    ...parts,
    manager,
    processes,
    ownProcess,
    gatewayUrl: () => 'http://127.0.0.1:1',
    observerUrl: (token) => `http://127.0.0.1:2/${token}`,
    noProxy: undefined,
    environment: {},
    testCredentials: () => Promise.resolve({ kind: 'works', endpoint: '', latencyMs: 0, source: '' }),
    upstream: new CurrentUpstream(),
    configured: new FirstConfiguration(systemClock),
    sessionsMayReturn: false,
    kept,
    lineMoved: () => undefined,
    problemFound: ({ message }) => {
      failed(message);
    },
  });
  coordinator.configure({
    plan: hammerPlan,
    agents: hammerTerms.agents,
    dailyTokens: 'fallback',
    credentials: { kind: 'apiKey', key: 'a key', baseUrl: 'https://api.example', source: 'test' },
    credentialProblems: [],
    network: directNetwork,
    networkProblems: [],
    inactivityMs: 60 * 60_000,
    longestWaitMs: 3000,
    workspace: engineId,
  });
  return {
    ledger,
    manager,
    coordinator,
    close: async () => {
      await coordinator.dispose();
      manager.dispose();
      await ledger.close();
    },
  };
}
