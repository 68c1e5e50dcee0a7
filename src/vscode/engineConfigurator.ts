import * as vscode from 'vscode';
import { type Credentials, type DetectedCredentials } from '../core/credentials.ts';
import { type QuotaEngine } from '../core/quotaEngine.ts';
import { type Notices } from './notices.ts';
import { planOf } from './planOf.ts';
import { type SettingsReader } from './settingsReader.ts';

/**
 * Tells the engine what the user's settings and credentials are, whenever they change. A login may come while the
 * window is open, so credentials are looked for again when the user comes back to it.
 */
export class EngineConfigurator implements vscode.Disposable {
  readonly #engine: QuotaEngine;
  readonly #settings: SettingsReader;
  readonly #detect: () => Promise<DetectedCredentials>;
  readonly #notices: Notices;
  readonly #subscriptions: vscode.Disposable;
  #credentials: Credentials | undefined;

  constructor(
    engine: QuotaEngine,
    settings: SettingsReader,
    detect: () => Promise<DetectedCredentials>,
    notices: Notices,
  ) {
    this.#engine = engine;
    this.#settings = settings;
    this.#detect = detect;
    this.#notices = notices;
    this.#subscriptions = vscode.Disposable.from(
      settings.onDidChange(() => {
        this.#sendOrLog();
      }),
      vscode.window.onDidChangeWindowState(({ focused }) => {
        if (focused && this.#credentials?.kind !== 'apiKey') this.#sendOrLog();
      }),
    );
  }

  /** Looks for the credentials and sends everything. */
  async send(): Promise<void> {
    const { credentials, problems } = await this.#detect();
    this.#credentials = credentials;
    const settings = this.#settings.current;
    await this.#engine.configure({
      plan: planOf(settings, credentials),
      credentials,
      credentialProblems: problems,
      inactivityMs: settings.inactivityMs,
      longestWaitMs: settings.longestWaitMs,
      workspace: vscode.workspace.name ?? '',
    });
  }

  dispose(): void {
    this.#subscriptions.dispose();
  }

  #sendOrLog(): void {
    this.send().catch((error: unknown) => {
      this.#notices.failed('tell the engine what has changed', error);
    });
  }
}
