import type { FromDashboard } from '../shared/dashboardMessages.ts';

interface VsCodeApi {
  postMessage(message: FromDashboard): void;
  /** What `setState` was given before the page was hidden or the window reloaded; undefined at first. */
  getState(): unknown;
  setState(state: unknown): void;
}

declare function acquireVsCodeApi(): VsCodeApi;

/** VS Code gives it out once a page. */
export const vscodeApi: VsCodeApi = acquireVsCodeApi();
