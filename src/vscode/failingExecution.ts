import * as vscode from 'vscode';
import type { Problem } from '../core/credentials.ts';
import { taskFailureText } from './taskFailureText.ts';

/** What a task that cannot run does instead: it says why, and what to do, in its own terminal, and fails. */
export function failingExecution(problem: Problem, exitCode: number): vscode.CustomExecution {
  return new vscode.CustomExecution(() => {
    const written = new vscode.EventEmitter<string>();
    const closed = new vscode.EventEmitter<number>();
    return Promise.resolve({
      onDidWrite: written.event,
      onDidClose: closed.event,
      open: () => {
        written.fire(taskFailureText(problem));
        closed.fire(exitCode);
      },
      close: () => {
        written.dispose();
        closed.dispose();
      },
    });
  });
}
