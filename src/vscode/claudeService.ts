import { contextKeys } from '../contributions.ts';
import type { Problem } from '../core/credentials.ts';
import { ProblemError } from './problemError.ts';
import type { AskModally } from './routedConsent.ts';

interface Refusal {
  readonly kind: 'refused';
  readonly reason: Problem;
}

/** Changes Claude Code's settings, and remembers how they were. */
export interface ServiceMemory {
  isServiceUnderQuota(): Promise<boolean>;
  offerService(): Promise<
    | {
        readonly kind: 'offer';
        readonly offer: { readonly file: string; readonly own: string | undefined; accept(): Promise<void> };
      }
    | Refusal
  >;
  undoService(): Promise<{ readonly kind: 'undone' | 'nothing' } | Refusal>;
}

/** What it is built of. */
export interface ClaudeServiceParts {
  readonly memory: ServiceMemory;
  readonly platform: NodeJS.Platform;
  readonly ask: AskModally;
  /** Tells that something was done. */
  readonly tell: (text: string) => void;
  readonly setContext: (key: string, value: unknown) => void;
}

const question = "Put Claude Code's background service under quota?";
const putButton = 'Put Under Quota';
const undoTitle = "Take Claude Code's Background Service Out of Quota";

/**
 * The background service of Claude Code, where no terminal of ours has started it: put under quota by a variable in Claude
 * Code's own settings, after the user has agreed, and put back when they say so.
 */
export class ClaudeService {
  readonly #parts: ClaudeServiceParts;

  constructor(parts: ClaudeServiceParts) {
    this.#parts = parts;
  }

  /** Has the command shown that fits. */
  async showState(): Promise<void> {
    const { memory, setContext } = this.#parts;
    setContext(contextKeys.serviceUnderQuota, await memory.isServiceUnderQuota());
  }

  /** The command: asks, and does it. @throws {ProblemError} when it cannot be done. */
  async put(): Promise<void> {
    const { memory, platform, ask, tell } = this.#parts;
    if (platform === 'win32') throw new ProblemError(onWindows);
    if (await memory.isServiceUnderQuota()) {
      tell(`Claude Code's background service is under quota already. "Agent Quota: ${undoTitle}" undoes it.`);
      return;
    }
    const answer = await memory.offerService();
    if (answer.kind === 'refused') throw new ProblemError(answer.reason);
    const { offer } = answer;
    const { file, own } = offer;
    if ((await ask(question, terms(file, own), putButton)) !== putButton) return;
    await offer.accept();
    await this.showState();
    tell(
      'Background sessions of Claude Code that start from now on are under quota. A service that runs already begins with ' +
        `its next start (claude daemon stop --any ends it, and its sessions). "Agent Quota: ${undoTitle}" undoes it.`,
    );
  }

  /** The command: puts the settings back, exactly. @throws {ProblemError} when it cannot be done. */
  async undo(): Promise<void> {
    const { memory, tell } = this.#parts;
    const answer = await memory.undoService();
    if (answer.kind === 'refused') throw new ProblemError(answer.reason);
    await this.showState();
    tell(
      answer.kind === 'undone'
        ? "Claude Code's settings are what they were before."
        : "Claude Code's settings have nothing of Agent Quota's, so they stay as they are.",
    );
  }
}

function terms(file: string, own: string | undefined): string {
  const turn = own === undefined ? '.' : `, which starts your own, ${own}, in turn.`;
  return (
    'Sessions that claude --bg and claude agents start from a terminal of this VS Code are under quota already. Those that ' +
    'come from elsewhere are not. ' +
    `This sets env.CLAUDE_CODE_PROCESS_WRAPPER in ${file} to a program of Agent Quota's${turn} All else in the file stays ` +
    `as it is. "Agent Quota: ${undoTitle}" puts it back as it is now, and so does uninstalling Agent Quota.`
  );
}

/** Source: Claude Code documentation, "Corporate launcher". */
const onWindows = {
  code: 'service-on-windows',
  severity: 'warning',
  message: 'On Windows Claude Code starts its background service through no other program.',
  nextStep: 'Start agents in terminals of VS Code, which are under quota.',
} as const;
