import * as vscode from 'vscode';
import type { Clock } from '../core/clock.ts';
import type { Problem } from '../core/credentials.ts';
import type { EngineSnapshot } from '../core/quotaEngine.ts';
import { type EngineState, newestSnapshot } from './engineState.ts';
import { Throttle } from './throttle.ts';

/** Four times a second is as often as a person can follow, and leaves the extension host's thread to others. */
const leastIntervalMs = 250;

/** The one source of everything on screen, so that no two surfaces can disagree. */
export class SnapshotStore implements vscode.Disposable {
  readonly #changed = new vscode.EventEmitter<EngineState>();
  readonly #throttle: Throttle;
  #state: EngineState = { kind: 'starting', last: undefined };

  /** Fires at most four times a second, and always after the last change. */
  readonly onDidChange: vscode.Event<EngineState> = this.#changed.event;

  constructor(clock: Clock) {
    this.#throttle = new Throttle(leastIntervalMs, clock, () => {
      this.#changed.fire(this.#state);
    });
  }

  get state(): EngineState {
    return this.#state;
  }

  /** The newest numbers there are; see `state` for whether they are live. */
  get snapshot(): EngineSnapshot | undefined {
    return newestSnapshot(this.#state);
  }

  accept(snapshot: EngineSnapshot): void {
    this.#become({ kind: 'running', snapshot });
  }

  /** The engine is started (again): the numbers stay on screen, marked as old. */
  engineStarting(): void {
    this.#become({ kind: 'starting', last: this.snapshot });
  }

  /** The engine is gone, and is tried again only now and then. */
  engineStopped(problem: Problem): void {
    this.#become({ kind: 'stopped', problem, last: this.snapshot });
  }

  dispose(): void {
    this.#throttle.dispose();
    this.#changed.dispose();
  }

  #become(state: EngineState): void {
    this.#state = state;
    this.#throttle.request();
  }
}
