import type { TestEvent } from './driverProtocol.ts';

/** How many tests ended how. */
export interface TestTotals {
  readonly passed: number;
  readonly failed: number;
  readonly pending: number;
  /** What failed: the test's full title, and below it the error. */
  readonly failures: readonly string[];
}

/** Counts and prints tests as they run, over all phases of a run. */
export class TestReport {
  readonly #print: (line: string) => void;
  readonly #failures: string[] = [];
  #passed = 0;
  #pending = 0;

  constructor(print: (line: string) => void) {
    this.#print = print;
  }

  get totals(): TestTotals {
    return {
      passed: this.#passed,
      failed: this.#failures.length,
      pending: this.#pending,
      failures: [...this.#failures],
    };
  }

  /** Takes one event of mocha. */
  add(event: TestEvent): void {
    if (event.kind === 'end' || event.kind === 'test') return;
    const indent = '  '.repeat(event.depth + 1);
    switch (event.kind) {
      case 'suite':
        this.#print(`${indent}${event.title}`);
        break;
      case 'pass':
        this.#passed++;
        this.#print(`${indent}✔ ${event.title}${event.milliseconds > 100 ? ` (${event.milliseconds} ms)` : ''}`);
        break;
      case 'pending':
        this.#pending++;
        this.#print(`${indent}- ${event.title}`);
        break;
      case 'fail':
        this.#failures.push(`${event.fullTitle}\n${event.error}`);
        this.#print(`${indent}✖ ${this.#failures.length}) ${event.title}`);
        break;
    }
  }

  /** A failure that no test told: a crash, a timeout. */
  addFailure(message: string): void {
    this.#failures.push(message);
    this.#print(`  ✖ ${this.#failures.length}) ${message.split('\n', 1).join('')}`);
  }

  /** Prints the failures in full and the totals. */
  printSummary(): void {
    for (const [index, failure] of this.#failures.entries()) {
      this.#print(`\n  ${index + 1}) ${failure.replaceAll('\n', '\n     ')}`);
    }
    const { passed, failed, pending } = this.totals;
    this.#print(`\n  ${passed} passing, ${failed} failing, ${pending} pending`);
  }
}
