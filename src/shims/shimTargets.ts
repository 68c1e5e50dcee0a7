/** What the commands on PATH lead to. */
export interface ShimTargets {
  /** Of the extension that writes them: major.minor.patch. */
  readonly version: string;
  /** Absolute path of a Node.js, or of an Electron that runs as one with ELECTRON_RUN_AS_NODE. */
  readonly node: string;
  /** Absolute path of the launcher's bundle. */
  readonly launcher: string;
  /** Where launchers find engines if their terminal does not say. */
  readonly home: string;
}
