import * as z from 'zod/mini';
import { vscodeApi } from './vscodeApi.ts';

const stateSchema = z.object({ scrollTop: z.number() });

/**
 * Keeps where the page was scrolled to while it is hidden, when VS Code takes it down.
 * @returns to be called once the page has its content; does something the first time only.
 */
export function keepScrollPosition(): () => void {
  let pending = stateSchema.safeParse(vscodeApi.getState()).data?.scrollTop;
  document.addEventListener('scroll', () => {
    vscodeApi.setState({ scrollTop: document.documentElement.scrollTop });
  });
  return () => {
    if (pending === undefined) return;
    document.documentElement.scrollTop = pending;
    pending = undefined;
  };
}
