import type * as vscode from 'vscode';
import { contextKeys } from '../contributions.ts';
import type { AskModally } from './routedConsent.ts';
import type { Notices } from './notices.ts';
import { ProblemError } from './problemError.ts';
import type { Claim } from './quotaNotices.ts';

/** Claude Code's extension for VS Code. */
export const claudeCodeExtension = 'anthropic.claude-code';
/**
 * Its settings: the program that its panel starts Claude Code through, and whether it runs in a terminal instead. Source:
 * Claude Code documentation, "Use Claude Code in VS Code".
 */
const wrapperSetting = 'claudeCode.claudeProcessWrapper';
const terminalSetting = 'claudeCode.useTerminal';

/** The panel's setting before it was changed. */
export interface PanelSetting {
  readonly had: boolean;
  readonly before?: unknown;
}

/** Remembers how the setting was. */
export interface PanelMemory {
  panelChange(): Promise<(PanelSetting & { readonly ours: string }) | undefined>;
  /** @returns what the setting is to be set to. */
  beginPanel(had: boolean, before: unknown): Promise<string>;
  endPanel(): Promise<void>;
}

/** What of VS Code it works with. */
export interface PanelWindow {
  isInstalled(): boolean;
  /** The user's value of a setting; undefined when it is not set. */
  userValue(id: string): unknown;
  /** Sets a user setting; undefined takes it out. */
  set(id: string, value: unknown): Promise<void>;
  setContext(key: string, value: unknown): void;
  /** Whether a file can be run. */
  isProgram(file: string): Promise<boolean>;
  /** Asks without holding anything up. @returns the button; undefined for none. */
  suggest(text: string, ...buttons: string[]): Thenable<string | undefined>;
  readonly ask: AskModally;
  /** Tells that something was done. */
  tell(text: string): void;
}

/** What it is built of. */
export interface ClaudePanelParts {
  readonly memory: PanelMemory;
  readonly window: PanelWindow;
  readonly platform: NodeJS.Platform;
  readonly notices: Pick<Notices, 'failed'>;
  readonly asked: Pick<vscode.Memento, 'get' | 'update'>;
  readonly claim: Claim;
}

/** In the extension's global state: the user has been asked. */
const askedKey = 'panelAsked';
const question = "Put the agents of Claude Code's panel under quota?";
const putButton = 'Put Under Quota';
const undoTitle = "Take Claude Code's Panel Out of Quota";

/**
 * The agents of Claude Code's panel, which its extension starts itself, past every terminal: put under quota by the
 * extension's own setting, after the user has agreed, and put back as it was when they say so.
 */
export class ClaudePanel {
  readonly #parts: ClaudePanelParts;

  constructor(parts: ClaudePanelParts) {
    this.#parts = parts;
  }

  /** Looks at what is installed and set, has the commands shown that fit, and asks if the user has not been asked. */
  async consider(): Promise<void> {
    const { window, platform, notices, asked, claim } = this.#parts;
    try {
      const isUnderQuota = await this.#showState();
      const isWanted = window.isInstalled() && !isUnderQuota && window.userValue(terminalSetting) !== true;
      if (!isWanted || platform === 'win32' || asked.get(askedKey) === true) return;
      if (!(await claim(askedKey))) return;
      await asked.update(askedKey, true);
      const answer = await window.suggest(`${question} ${this.#terms()}`, putButton, 'No');
      if (answer === putButton) await this.#put();
    } catch (cause) {
      notices.failed("put Claude Code's panel under quota", cause);
    }
  }

  /** The command: asks, and does it. @throws {ProblemError} when it cannot be done. */
  async put(): Promise<void> {
    const { window, platform } = this.#parts;
    if (platform === 'win32') throw new ProblemError(onWindows);
    if (await this.#showState()) {
      window.tell(`Claude Code's panel is under quota already. "Agent Quota: ${undoTitle}" undoes it.`);
      return;
    }
    if ((await window.ask(question, this.#terms(), putButton)) === putButton) await this.#put();
  }

  /** The command: puts the setting back, exactly. @throws {ProblemError} when it cannot be done. */
  async undo(): Promise<void> {
    const { memory, window } = this.#parts;
    const change = await memory.panelChange();
    const isOurs = change !== undefined && window.userValue(wrapperSetting) === change.ours;
    if (isOurs) {
      const { had, before } = change;
      await window.set(wrapperSetting, had ? before : undefined).catch((cause: unknown) => {
        throw new ProblemError({
          code: 'setting-not-restored',
          severity: 'error',
          message: `VS Code did not take ${wrapperSetting} back (${cause instanceof Error ? cause.message : String(cause)}).`,
          nextStep: `Set it yourself in the user settings: ${had ? JSON.stringify(before) : 'take it out'}.`,
        });
      });
    }
    await memory.endPanel();
    await this.#showState();
    window.tell(
      isOurs
        ? `${wrapperSetting} is what it was before. Agents of the panel that run already keep their sessions until they end.`
        : `${wrapperSetting} is not Agent Quota's, so it stays as it is.`,
    );
  }

  async #put(): Promise<void> {
    const { memory, window } = this.#parts;
    const before = window.userValue(wrapperSetting);
    await this.#checkOwn(before);
    const ours = await memory.beginPanel(before !== undefined, before);
    try {
      await window.set(wrapperSetting, ours);
    } catch (cause) {
      await memory.endPanel();
      throw cause;
    }
    await this.#showState();
    window.tell(`Claude Code's panel starts its next agents under quota. "Agent Quota: ${undoTitle}" undoes it.`);
  }

  /** What the user has set is started by ours; what cannot be started so is left alone. */
  async #checkOwn(own: unknown): Promise<void> {
    if (own === undefined || own === '') return;
    if (typeof own === 'string' && (await this.#parts.window.isProgram(own))) return;
    throw new ProblemError({
      code: 'panel-wrapper-unusable',
      severity: 'error',
      message: `${wrapperSetting} is set to ${JSON.stringify(own)}, which is no program that Agent Quota could start in turn. Nothing was changed.`,
      nextStep: 'Set it to the absolute path of a program, or take it out, and try again.',
    });
  }

  #terms(): string {
    const own = this.#parts.window.userValue(wrapperSetting);
    const isChained = typeof own === 'string' && own !== '';
    const what = `This sets ${wrapperSetting} in your user settings to a program of Agent Quota's`;
    const turn = isChained ? `, which starts your own, ${own}, in turn.` : '.';
    return (
      'The panel starts them past every terminal, so they are neither metered nor held now. ' +
      `${what}${turn} "Agent Quota: ${undoTitle}" puts it back as it is now, and so does uninstalling Agent Quota.`
    );
  }

  /** @returns whether the panel is under quota now. */
  async #showState(): Promise<boolean> {
    const { memory, window } = this.#parts;
    const change = await memory.panelChange();
    const isUnderQuota = change !== undefined && window.userValue(wrapperSetting) === change.ours;
    window.setContext(contextKeys.panelOffered, window.isInstalled() && !isUnderQuota);
    window.setContext(contextKeys.panelChanged, change !== undefined);
    return isUnderQuota;
  }
}

/** A script cannot be started there as a program is. Source: reports of its users (`spawn EINVAL`). */
const onWindows = {
  code: 'panel-on-windows',
  severity: 'warning',
  message: "On Windows Claude Code's panel starts only programs (.exe), and Agent Quota has a script.",
  nextStep: `Turn on ${terminalSetting}: then Claude Code runs in a terminal, which is under quota.`,
} as const;
