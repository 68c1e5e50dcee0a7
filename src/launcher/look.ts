import type { Paint } from './paint.ts';

/** What texts are made for. */
export interface Look {
  readonly paint: Paint;
  /** Width of the terminal; undefined where lines may be of any length. */
  readonly columns: number | undefined;
}
