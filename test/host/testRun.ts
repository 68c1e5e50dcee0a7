import { createDeferred } from './deferred.ts';
import type { Phase, TestEvent } from './driverProtocol.ts';
import type { TestReport } from './testReport.ts';

/** How the tests of one phase came to an end. */
export type PhaseOutcome =
  | { readonly kind: 'finished' }
  | { readonly kind: 'reloading'; readonly next: Phase }
  | { readonly kind: 'broken'; readonly reason: string };

/** The phase that runs now and how it ends; everything that happens in window and driver is told to it. */
export class TestRun {
  readonly #report: TestReport;
  #phase: Phase = { name: 'tests' };
  #generation = 0;
  #test = '';
  #outcome = createDeferred<PhaseOutcome>();
  #hostGone = createDeferred<undefined>();

  constructor(report: TestReport) {
    this.#report = report;
  }

  get phase(): Phase {
    return this.#phase;
  }

  /** Begins a phase and resolves when its tests have ended, well or not; never rejects. */
  async run(phase: Phase, timeoutMs: number, start: () => Promise<void>): Promise<PhaseOutcome> {
    this.#phase = phase;
    this.#generation++;
    this.#test = '';
    this.#outcome = createDeferred();
    const timer = setTimeout(() => {
      this.break(`The tests did not end within ${timeoutMs / 1000} s.`);
    }, timeoutMs);
    start().catch((error: unknown) => {
      this.break(`The window could not be opened: ${String(error)}`);
    });
    const outcome = await this.#outcome.promise;
    clearTimeout(timer);
    return outcome;
  }

  /** Takes one event of mocha. */
  add(event: TestEvent): void {
    this.#report.add(event);
    if (event.kind === 'test') this.#test = ` Last begun: ${event.fullTitle}.`;
    if (event.kind === 'end') this.#outcome.resolve({ kind: 'finished' });
  }

  /** A test has asked for a reload of its window, which ends its phase. */
  reload(next: Phase): void {
    this.#outcome.resolve({ kind: 'reloading', next });
  }

  /** The tests cannot go on; without effect when they have ended already. */
  break(reason: string): void {
    this.#outcome.resolve({ kind: 'broken', reason: `${reason}${this.#test}` });
  }

  /** Resolves when the extension host is gone that has connected last. */
  hostGone(): Promise<unknown> {
    return this.#hostGone.promise;
  }

  /** An extension host has connected; what is returned is to be called when it is gone. */
  connected(): () => void {
    const generation = this.#generation;
    const gone = createDeferred<undefined>();
    this.#hostGone = gone;
    return () => {
      gone.resolve(undefined);
      if (generation === this.#generation) this.break('The extension host crashed, or was ended, while tests ran.');
    };
  }
}
