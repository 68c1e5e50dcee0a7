import * as z from 'zod/mini';
import { partsSchema, rowSchema } from './dashboardParts.ts';

/** The element of the dashboard's page that holds what is shown first. */
export const firstViewId = 'first-view';

/** Longer ago, in milliseconds, it is no longer what is: VS Code builds a page that was hidden from the same text. */
const freshForMs = 3000;

const firstViewSchema = z.object({
  /** When it was so, in milliseconds since the epoch. */
  at: z.number(),
  parts: partsSchema,
  rows: z.array(rowSchema),
});
export type FirstView = z.infer<typeof firstViewSchema>;

/** @param text JSON. @returns undefined for what is old, or none; also where the clocks of page and extension differ. */
export function freshFirstView(text: string, now: number): FirstView | undefined {
  const view = firstViewSchema.safeParse(text === '' ? undefined : JSON.parse(text)).data;
  return view !== undefined && Math.abs(now - view.at) < freshForMs ? view : undefined;
}
