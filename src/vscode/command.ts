/** What a command does. */
export interface Command {
  /** To follow "Could not". */
  readonly does: string;
  /** @param clicked what it is called with; in a view the row. @param selected in a view all rows that are selected. */
  readonly run: (clicked: unknown, selected: unknown) => Promise<void> | void;
}
