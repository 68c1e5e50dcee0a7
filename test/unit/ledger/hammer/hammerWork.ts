/** What a worker is started with, as its first argument. */
export interface HammerWork {
  readonly directory: string;
  readonly engineId: string;
  /** Names the worker's journal; another one each time that it is started. */
  readonly life: string;
  readonly sessions: number;
}
