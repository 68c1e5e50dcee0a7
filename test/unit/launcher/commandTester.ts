import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { ControlQueries } from '../../../src/control/controlQueries.ts';
import { type ControlServer, startControlServer } from '../../../src/control/controlServer.ts';
import type { AuthHealth } from '../../../src/core/quotaEngine.ts';
import { FakeQueries } from '../control/fakeQueries.ts';
import { FakeSessions, fakeProcessTable } from '../control/fakeSessions.ts';
import { createMemoryLogger } from '../control/memoryLogger.ts';
import { sampleSnapshot } from '../vscode/samples.ts';
import type { EngineAddress } from '../../../src/launcher/engineAddress.ts';
import { type LauncherEnd, startLauncher, keepSecret, testSecret } from './startedLauncher.ts';

/** A control socket before a fake engine, and launchers that ask it. */
export class CommandTester {
  readonly directory: string;
  readonly server: ControlServer;
  readonly engine: FakeQueries;
  readonly #asked: { queries: ControlQueries | undefined };

  private constructor(
    directory: string,
    server: ControlServer,
    engine: FakeQueries,
    asked: { queries: ControlQueries | undefined },
  ) {
    this.directory = directory;
    this.server = server;
    this.engine = engine;
    this.#asked = asked;
  }

  /** Where commands look for the engine. */
  get address(): EngineAddress {
    return { socket: this.server.address, home: this.directory };
  }

  /** What the socket asks; undefined for an engine that has just started. */
  set queries(queries: ControlQueries | undefined) {
    this.#asked.queries = queries;
  }

  static async start(): Promise<CommandTester> {
    const directory = await mkdtemp(path.join(tmpdir(), 'with space '));
    await keepSecret(directory);
    const engine = new FakeQueries();
    const asked = { queries: engine };
    const server = await startControlServer({
      directory,
      platform: process.platform,
      secret: testSecret,
      sessions: new FakeSessions(),
      queries: () => asked.queries,
      processTable: fakeProcessTable,
      logger: createMemoryLogger(),
    });
    return new CommandTester(directory, server, engine, asked);
  }

  run(args: readonly string[], environment: Readonly<Record<string, string>> = {}): Promise<LauncherEnd> {
    return startLauncher(args, this.address, environment).end;
  }

  /** @returns the exit code and the document, which must be all that is printed. */
  async json(...args: string[]): Promise<[number | null, unknown]> {
    const { code, stdout, stderr } = await this.run([...args, '--json']);
    assert.equal(stderr, '');
    return [code, JSON.parse(stdout)];
  }

  async close(): Promise<void> {
    await this.server.close();
    await rm(this.directory, { recursive: true });
  }
}

export const rejectedKey = {
  code: 'key-rejected',
  severity: 'error',
  message: 'The key was rejected.',
  nextStep: 'Make a new one.',
} as const;

/** Health with one problem. */
export function healthWith(severity: 'warning' | 'error'): AuthHealth {
  const problems = [{ ...rejectedKey, severity }];
  return { ...sampleSnapshot().health, healthy: severity === 'warning', problems };
}
