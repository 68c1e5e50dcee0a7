import type { Page } from 'playwright-core';

/** What a window under test tells the run that owns it. */
export interface TestWindowEvents {
  /** The extension host has ended, or the whole of VS Code has; `reason` is for people. */
  readonly onEnded: (reason: string) => void;
  /** What VS Code and its extension host print. */
  readonly onLog: (line: string) => void;
}

/** What all kinds of VS Code are started with for tests. */
export interface TestWindowOptions {
  readonly extensionPaths: readonly string[];
  readonly workspaceFolder: string;
  /** Absolute path of the bundled entry of the tests. */
  readonly testsPath: string;
  readonly userSettings: Readonly<Record<string, unknown>>;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly workspaceTrust: boolean;
  readonly userDataDir?: string;
}

/** A VS Code window that runs tests, on the desktop or served to a browser. */
export interface TestWindow {
  /** Opens the window, or opens it again with the same user data, and so starts the tests of a phase. */
  open(): Promise<void>;
  /**
   * Reloads the window while its tests run.
   * @param killed resolves when the extension host is gone, where that is killed before.
   */
  reload(killed?: Promise<unknown>): Promise<void>;
  /** Closes the window while its tests run, and opens it again after so many milliseconds. */
  closeFor(ms: number): Promise<void>;
  /** Resolves when the extension host has deactivated its extensions after a phase, or has had its time for it. */
  settle(): Promise<void>;
  /** The page that shows the window, for screenshots and input. */
  page(): Promise<Page>;
  /** Opens another window without tests, or closes it. @returns whether there can be one. */
  showOther(open: boolean): Promise<boolean>;
  /** The page of the other window; undefined while there is none. */
  otherPage(): Page | undefined;
  /** Ends VS Code and all that it started. */
  stop(): Promise<void>;
}
