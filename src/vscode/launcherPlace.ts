import type { LauncherEndpoint } from '../core/quotaEngine.ts';
import { launcherVariables } from '../shared/launcherVariables.ts';

/** What starts the launcher. */
export interface LauncherPlace {
  /** VS Code's own program, which runs as Node.js with ELECTRON_RUN_AS_NODE. */
  readonly node: string;
  /** Absolute path of the launcher's bundle. */
  readonly script: string;
}

/** The variables by which a launcher finds the window's engine. */
export function launcherEnvironment({ address, home }: LauncherEndpoint): Record<string, string> {
  return { [launcherVariables.socket]: address, [launcherVariables.home]: home };
}
