/* Runs inside the extension host, bundled with the tests. */
import { findSourceMap } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { inspect } from 'node:util';
import type Mocha from 'mocha';
import { reportToDriver } from './driverClient.ts';
import type { TestEvent } from './driverProtocol.ts';

/** Sends what mocha tells to the runner, in order and as it happens. */
export class DriverReporter {
  #sent: Promise<void> = Promise.resolve();

  /** Listens to a run that is about to start. */
  attach(runner: Mocha.Runner): void {
    runner.on('suite', (suite) => {
      if (!suite.root) this.#send({ kind: 'suite', depth: depthOf(suite), title: suite.title });
    });
    runner.on('test', (test) => {
      this.#send({ kind: 'test', fullTitle: test.fullTitle() });
    });
    runner.on('pass', (test) => {
      this.#send({ kind: 'pass', depth: depthOf(test), title: test.title, milliseconds: test.duration ?? 0 });
    });
    runner.on('pending', (test) => {
      this.#send({ kind: 'pending', depth: depthOf(test), title: test.title });
    });
    runner.on('fail', (test, error: unknown) => {
      const titles = { title: test.title, fullTitle: test.fullTitle() };
      this.#send({ kind: 'fail', depth: depthOf(test), ...titles, error: describe(error) });
    });
  }

  /** Tells of a failure outside of any test. */
  fail(title: string, error: unknown): void {
    this.#send({ kind: 'fail', depth: 0, title, fullTitle: title, error: describe(error) });
  }

  /** Resolves when the runner has heard everything so far. */
  async told(): Promise<void> {
    await this.#sent;
  }

  /** Tells that the run has ended, and resolves when the runner has heard everything. */
  async end(): Promise<void> {
    this.#send({ kind: 'end' });
    await this.told();
  }

  #send(event: TestEvent): void {
    this.#sent = this.#sent.then(() => reportToDriver(event));
    // Told by end(); until then it is not an unhandled rejection.
    this.#sent.catch(() => undefined);
  }
}

function depthOf(item: Mocha.Suite | Mocha.Runnable): number {
  return item.titlePath().length - 1;
}

/** The stack, and what the assertion compared where the message does not show it already, as node:assert's does. */
function describe(error: unknown): string {
  if (!(error instanceof Error)) return inspect(error);
  const text = originalStack(error.stack ?? error.message);
  const cause = error.cause === undefined ? '' : `\ncaused by ${inspect(error.cause)}`;
  if (!('actual' in error) || !('expected' in error) || 'generatedMessage' in error) return `${text}${cause}`;
  const compared = `\n  actual: ${inspect(error.actual)}\n  expected: ${inspect(error.expected)}`;
  return `${text}${compared}${cause}`;
}

/** With places in the tests' sources for those in their bundles, which VS Code's own stack traces do not know. */
function originalStack(stack: string): string {
  return stack
    .split('\n')
    .filter((line) => !/[\\/]node_modules[\\/]mocha[\\/]|\(node:internal|at node:internal/.test(line))
    .map((line) => line.replace(/(?:file:\/\/)?([^\s()]+\.cjs):(\d+):(\d+)/, originalPlace))
    .join('\n');
}

function originalPlace(place: string, file: string, line: string, column: string): string {
  const entry = findSourceMap(file)?.findEntry(Number(line) - 1, Number(column) - 1);
  if (entry === undefined || !('originalSource' in entry)) return place;
  const source = entry.originalSource.startsWith('file:') ? fileURLToPath(entry.originalSource) : entry.originalSource;
  return `${path.relative(process.cwd(), path.resolve(path.dirname(file), source))}:${entry.originalLine + 1}:${entry.originalColumn + 1}`;
}
