import * as vscode from 'vscode';
import * as z from 'zod';
import { contextKeys } from '../contributions.ts';
import type { Grouping } from './sessionTree.ts';

const groupingKey = 'sessionGrouping';
const groupingSchema = z.enum(['workspace', 'agent', 'none']);

/** How the user wants the sessions listed. The grouping is remembered; a filter is of the moment. */
export class SessionsLayout implements vscode.Disposable {
  readonly #memory: vscode.Memento;
  readonly #changed = new vscode.EventEmitter<undefined>();
  #grouping: Grouping;
  #filter = '';

  readonly onDidChange = this.#changed.event;

  constructor(memory: vscode.Memento) {
    this.#memory = memory;
    this.#grouping = groupingSchema.safeParse(memory.get<unknown>(groupingKey)).data ?? 'workspace';
    this.#tellMenus();
  }

  get grouping(): Grouping {
    return this.#grouping;
  }

  /** Empty for none. */
  get filter(): string {
    return this.#filter;
  }

  async groupBy(grouping: Grouping): Promise<void> {
    this.#grouping = grouping;
    this.#show();
    await this.#memory.update(groupingKey, grouping);
  }

  /** Asks for a filter, which holds as it is typed. */
  async askFilter(): Promise<void> {
    const before = this.#filter;
    const input = vscode.window.createInputBox();
    input.title = 'Filter Agent Sessions';
    input.placeholder = 'Agent, workspace, model, state or subagent';
    input.prompt = 'Words that must all be found; empty shows every session.';
    input.value = before;
    const accepted = await new Promise<boolean>((resolve) => {
      input.onDidChangeValue((value) => {
        this.filterBy(value);
      });
      input.onDidAccept(() => {
        resolve(true);
      });
      input.onDidHide(() => {
        resolve(false);
      });
      input.show();
    });
    input.dispose();
    if (!accepted) this.filterBy(before);
  }

  /** @param filter empty shows everything. */
  filterBy(filter: string): void {
    const wanted = filter.trim();
    if (wanted === this.#filter) return;
    this.#filter = wanted;
    this.#show();
  }

  dispose(): void {
    this.#changed.dispose();
  }

  #show(): void {
    this.#tellMenus();
    this.#changed.fire(undefined);
  }

  #tellMenus(): void {
    void vscode.commands.executeCommand('setContext', contextKeys.sessionGrouping, this.#grouping);
    void vscode.commands.executeCommand('setContext', contextKeys.sessionsFiltered, this.#filter !== '');
  }
}
