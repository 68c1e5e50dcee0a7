import * as vscode from 'vscode';
import { Arrivals } from '../core/arrivals.ts';
import type { Clock } from '../core/clock.ts';
import { type Credentials, type DetectedCredentials, upstreamTargetOf } from '../core/credentials.ts';
import type { Plan } from '../core/plan.ts';
import type { QuotaEngine } from '../core/quotaEngine.ts';
import { resolveNetwork } from '../core/upstreamNetwork.ts';
import type { Notices } from './notices.ts';
import { planOf } from './planOf.ts';
import type { SettingsReader } from './settingsReader.ts';

const firstRetryMs = 1000;
const longestRetryMs = 60_000;
/** The longest that anything is kept waiting until the engine has been told. */
const patienceMs = 10_000;

/**
 * Tells the engine what the user's settings and credentials are, whenever they change, and until it has been told. A
 * login may come while the window is open, so credentials are looked for again when the user comes back to it.
 */
export class EngineConfigurator implements vscode.Disposable {
  readonly #engine: QuotaEngine;
  readonly #settings: SettingsReader;
  readonly #detect: () => Promise<DetectedCredentials>;
  readonly #environment: Readonly<Record<string, string | undefined>>;
  readonly #notices: Notices;
  readonly #clock: Clock;
  readonly #subscriptions: vscode.Disposable;
  readonly #detections = new Arrivals();
  readonly #told = Promise.withResolvers<undefined>();
  #credentials: Credentials | undefined;
  #plan: Plan | undefined;
  #failures = 0;
  #cancelRetry: () => void = () => undefined;
  #disposed = false;

  /** @param environment looked at again each time. */
  constructor(
    engine: QuotaEngine,
    settings: SettingsReader,
    detect: () => Promise<DetectedCredentials>,
    environment: Readonly<Record<string, string | undefined>>,
    notices: Notices,
    clock: Clock,
  ) {
    this.#engine = engine;
    this.#settings = settings;
    this.#detect = detect;
    this.#environment = environment;
    this.#notices = notices;
    this.#clock = clock;
    this.#subscriptions = vscode.Disposable.from(
      settings.onDidChange(() => void this.send()),
      vscode.window.onDidChangeWindowState(({ focused }) => {
        if (focused && this.#credentials?.kind !== 'apiKey') void this.send();
      }),
    );
  }

  /** The plan that holds; undefined before the credentials have been looked for. */
  get plan(): Plan | undefined {
    return this.#plan;
  }

  /** Resolves when the engine knows settings and credentials, after ten seconds at the latest. */
  async told(): Promise<void> {
    await this.#atMost(this.#told.promise);
  }

  /**
   * Looks for the credentials and sends everything. What fails is logged and tried again: an engine that has died is
   * started again, and the window is there all the same. Resolves after the first attempt, ten seconds at the latest;
   * never rejects.
   */
  async send(): Promise<void> {
    await this.#atMost(this.#try());
  }

  dispose(): void {
    this.#disposed = true;
    this.#cancelRetry();
    this.#subscriptions.dispose();
  }

  async #try(): Promise<void> {
    this.#cancelRetry();
    try {
      await this.#tell();
      this.#failures = 0;
      this.#told.resolve(undefined);
    } catch (cause) {
      this.#failed(cause);
    }
  }

  async #tell(): Promise<void> {
    const isOvertaken = this.#detections.begin();
    const { credentials, problems } = await this.#detect();
    // A later one was quicker and knows what has changed since: a command for the key may take a minute.
    if (isOvertaken()) return;
    this.#credentials = credentials;
    const settings = this.#settings.current;
    this.#plan = planOf(settings, credentials);
    const { network, problems: networkProblems } = resolveNetwork(settings.network, this.#environment);
    await this.#engine.configure({
      plan: this.#plan,
      agents: settings.agents,
      dailyTokens: settings.dailyTokens,
      credentials,
      credentialProblems: problems,
      network,
      // Nothing is sent anywhere otherwise.
      networkProblems: upstreamTargetOf(credentials) === undefined ? [] : networkProblems,
      inactivityMs: settings.inactivityMs,
      longestWaitMs: settings.longestWaitMs,
      reporting: settings.reporting,
      workspace: vscode.workspace.name ?? '',
    });
  }

  #failed(cause: unknown): void {
    if (this.#disposed) return;
    this.#failures += 1;
    const what = 'tell the engine your settings and credentials';
    // An engine that has died is on screen as such, and is started again: not worth a notification the first time.
    if (this.#failures === 2) this.#notices.failed(what, cause);
    else this.#notices.logged(what, cause);
    const delayMs = Math.min(firstRetryMs * 2 ** (this.#failures - 1), longestRetryMs);
    this.#cancelRetry();
    this.#cancelRetry = this.#clock.after(delayMs, () => void this.#try());
  }

  async #atMost(work: Promise<unknown>): Promise<void> {
    const { promise: tooLong, resolve } = Promise.withResolvers<undefined>();
    const cancel = this.#clock.after(patienceMs, () => {
      resolve(undefined);
    });
    await Promise.race([work, tooLong]);
    cancel();
  }
}
