import * as vscode from 'vscode';
import type { CommandId } from '../contributions.ts';
import type { Problem } from '../core/credentials.ts';
import { ProblemError } from './problemError.ts';

const showLog = 'Show Log';

/** Says something itself about a problem. @returns whether it has, so that there is nothing more to show. */
export type ProblemAnswer = (problem: Problem) => boolean;

/** A command that may put a problem right, as a button beside it. */
export interface Remedy {
  readonly label: string;
  readonly command: CommandId;
}

/** The one place where things that go wrong reach the user: what is written for people is shown, the rest is logged. */
export class Notices {
  readonly #log: vscode.LogOutputChannel;
  readonly #told = new Set<string>();
  readonly #answers = new Map<string, ProblemAnswer>();
  readonly #remedies = new Map<string, Remedy>();
  #toldElsewhere: (problem: Problem) => boolean = () => false;

  constructor(log: vscode.LogOutputChannel) {
    this.#log = log;
  }

  showLog(): void {
    this.#log.show();
  }

  /**
   * Something did not work.
   * @param what that could not be done, to follow "Could not", for example "release the session".
   */
  failed(what: string, cause: unknown): void {
    if (cause instanceof ProblemError) {
      this.problem(cause.problem);
      return;
    }
    this.logged(what, cause);
    if (isEngineDeath(cause)) this.#show('warning', `Could not ${what}. ${cause.message}`);
    else this.#show('error', `Could not ${what}. The log says why.`);
  }

  /** Like `failed`, but only logged: for what the user did not ask for and need not act on. */
  logged(what: string, cause: unknown): void {
    this.#log.error(`Could not ${what}: ${causeText(cause)}`);
  }

  problem(problem: Problem): void {
    if (!this.#answered(problem)) this.#showProblem(problem);
  }

  /** Tells of a problem the first time that it comes up in this window, unless another tells of it anyway. */
  problemOnce(problem: Problem): void {
    const key = `${problem.code}\n${problem.message}`;
    if (this.#told.has(key)) return;
    this.#told.add(key);
    if (!this.#answered(problem) && !this.#toldElsewhere(problem)) this.#showProblem(problem);
  }

  /** From now on a problem that comes up by itself is not shown where this says that another does. */
  leaveTo(toldElsewhere: (problem: Problem) => boolean): void {
    this.#toldElsewhere = toldElsewhere;
  }

  /** From now on a problem of this code is put to another before it is shown. */
  answerWith(code: string, answer: ProblemAnswer): void {
    this.#answers.set(code, answer);
  }

  /** From now on a problem of this code is shown with a button. */
  offer(code: string, remedy: Remedy): void {
    this.#remedies.set(code, remedy);
  }

  /** Logs it. @returns whether another says it. */
  #answered(problem: Problem): boolean {
    const level = problem.severity === 'error' ? 'error' : 'warn';
    this.#log[level](`${problem.code}: ${problem.message} ${problem.nextStep}`);
    return this.#answers.get(problem.code)?.(problem) === true;
  }

  #showProblem({ code, severity, message, nextStep }: Problem): void {
    this.#show(severity, `${message} ${nextStep}`, this.#remedies.get(code));
  }

  /** Nobody waits for the answer: a notification may stay open for hours. */
  #show(severity: Problem['severity'], text: string, remedy?: Remedy): void {
    const buttons = remedy === undefined ? [showLog] : [remedy.label, showLog];
    const shown =
      severity === 'error'
        ? vscode.window.showErrorMessage(text, ...buttons)
        : vscode.window.showWarningMessage(text, ...buttons);
    void shown.then((choice) => {
      if (choice === showLog) this.showLog();
      else if (choice !== undefined && remedy !== undefined) void vscode.commands.executeCommand(remedy.command);
    });
  }
}

/**
 * A call that was under way when the engine died. Its message is written for people. Known by its name, since the room
 * that throws it is not to be imported here.
 */
function isEngineDeath(cause: unknown): cause is Error {
  return cause instanceof Error && cause.name === 'EngineDiedError';
}

function causeText(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  const own = cause.stack ?? `${cause.name}: ${cause.message}`;
  return cause.cause === undefined ? own : `${own}\ncaused by: ${causeText(cause.cause)}`;
}
