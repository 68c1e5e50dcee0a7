import * as z from 'zod/mini';
import { type UsageQuery, usageQuerySchema } from '../shared/dashboardUsage.ts';
import { type Arrangement, arrangementSchema, firstArrangement } from './arrangement.ts';
import { vscodeApi } from './vscodeApi.ts';

const stateSchema = z.object({
  arrangement: arrangementSchema,
  usage: usageQuerySchema,
  /** How far the page and the table are scrolled, in pixels. */
  pageTop: z.number(),
  tableTop: z.number(),
});
type State = z.infer<typeof stateSchema>;

const first: State = {
  arrangement: firstArrangement,
  usage: { span: 'day', by: 'agent' },
  pageTop: 0,
  tableTop: 0,
};

/** What of the page outlives its being hidden, when VS Code takes it down, and a reload of the window. */
export class PageState {
  #state: State = stateSchema.safeParse(vscodeApi.getState()).data ?? first;

  get arrangement(): Arrangement {
    return this.#state.arrangement;
  }

  get usage(): UsageQuery {
    return this.#state.usage;
  }

  get pageTop(): number {
    return this.#state.pageTop;
  }

  get tableTop(): number {
    return this.#state.tableTop;
  }

  change(changes: Partial<State>): void {
    this.#state = { ...this.#state, ...changes };
    vscodeApi.setState(this.#state);
  }
}
