import * as vscode from 'vscode';
import { looksLikeAnthropicKey, whyNoApiKey } from '../core/apiKey.ts';
import { contextKeys } from '../contributions.ts';

/** An API key that the user has given this window. It is in memory alone, and gone with the window or its reload. */
export class WindowApiKey implements vscode.Disposable {
  readonly #changed = new vscode.EventEmitter<undefined>();
  #key: string | undefined;

  readonly onDidChange: vscode.Event<undefined> = this.#changed.event;

  constructor() {
    this.#show();
  }

  get key(): string | undefined {
    return this.#key;
  }

  /** @returns whether the user has given one. */
  async ask(): Promise<boolean> {
    const given = await vscode.window.showInputBox({
      title: 'Set API Key for This Window',
      prompt: 'Kept in memory only: it is gone when this window is closed or reloaded. Other windows do not get it.',
      placeHolder: 'sk-ant-…',
      password: true,
      // It is copied from elsewhere.
      ignoreFocusOut: true,
      validateInput: checkApiKey,
    });
    if (given === undefined) return false;
    this.#become(given.trim());
    return true;
  }

  forget(): void {
    this.#become(undefined);
  }

  dispose(): void {
    this.#key = undefined;
    this.#show();
    this.#changed.dispose();
  }

  #become(key: string | undefined): void {
    if (key === this.#key) return;
    this.#key = key;
    this.#show();
    this.#changed.fire(undefined);
  }

  #show(): void {
    void vscode.commands.executeCommand('setContext', contextKeys.hasWindowKey, this.#key !== undefined);
  }
}

/** What is said of a key while it is typed: no key is refused, and one of an unusual form is only pointed out. */
function checkApiKey(text: string): vscode.InputBoxValidationMessage | undefined {
  const key = text.trim();
  const why = whyNoApiKey(key);
  if (why !== undefined) return { message: `This ${why}.`, severity: vscode.InputBoxValidationSeverity.Error };
  if (looksLikeAnthropicKey(key)) return undefined;
  return {
    message: 'This does not look like a key of Anthropic’s (sk-ant-…). Press Enter to use it all the same.',
    severity: vscode.InputBoxValidationSeverity.Warning,
  };
}
