import * as vscode from 'vscode';
import * as z from 'zod';
import type { ShownSession } from '../core/quotaEngine.ts';
import { ProblemError } from './problemError.ts';
import { sessionRow } from './sessionRow.ts';
import type { SnapshotStore } from './snapshotStore.ts';

/** What a command is to be done to, and the words that ask for it. */
export interface SessionsQuestion {
  readonly title: string;
  readonly placeHolder: string;
  /** Sessions that it can be done to. */
  readonly fits: (session: ShownSession) => boolean;
  /** What is said when there is none. */
  readonly none: string;
}

const idSchema = z.string().min(1);
const idsSchema = z.array(idSchema);

/**
 * The sessions that a command acts on: the rows that VS Code gives it (the one clicked, then all that are selected), or
 * those that the user picks.
 * @param clicked undefined from the Command Palette.
 * @returns undefined when the user gives up.
 * @throws ProblemError when there is none to pick from.
 */
export async function pickSessions(
  store: SnapshotStore,
  clicked: unknown,
  selected: unknown,
  question: SessionsQuestion,
): Promise<readonly ShownSession[] | undefined> {
  const live = store.snapshot?.sessions ?? [];
  const ids = new Set([...(idsSchema.safeParse(selected).data ?? []), ...(idsSchema.safeParse([clicked]).data ?? [])]);
  if (ids.size > 0) return live.filter((session) => ids.has(session.sessionId) && question.fits(session));
  const fitting = live.filter(question.fits);
  if (fitting.length === 0) {
    throw new ProblemError({
      code: 'no-session',
      severity: 'warning',
      message: question.none,
      nextStep: 'Start an agent with "Agent Quota: New Agent Terminal".',
    });
  }
  const items = fitting.map((session) => {
    const { label, description, mark } = sessionRow(session, { fails: false, otherAccount: false }, Date.now());
    return { label, description, detail: `${mark} · ${session.workspace} · ${session.sessionId}`, session };
  });
  const { title, placeHolder } = question;
  const picked = await vscode.window.showQuickPick(items, {
    title,
    placeHolder,
    matchOnDetail: true,
    canPickMany: true,
  });
  return picked?.map(({ session }) => session);
}
