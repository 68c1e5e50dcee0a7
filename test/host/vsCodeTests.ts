import { mkdir } from 'node:fs/promises';
import { openDesktopTestWindow, desktopVsCode } from './desktopTestWindow.ts';
import { driverVariable, type Phase } from './driverProtocol.ts';
import { startDriver } from './driverServer.ts';
import { pageHandlers, takeScreenshot } from './pageDriver.ts';
import { screenshotDirectory } from './paths.ts';
import { openServedTestWindow } from './servedTestWindow.ts';
import { bundleTests } from './testBundle.ts';
import { TestReport, type TestTotals } from './testReport.ts';
import { TestRun } from './testRun.ts';
import type { TestWindow, TestWindowEvents, TestWindowOptions } from './testWindow.ts';

/** Options of {@link runTestsInVsCode}. */
export interface VsCodeTestOptions {
  /** Folders of extensions that the window loads; VS Code runs no tests without one. */
  readonly extensionPaths: readonly string[];
  readonly workspaceFolder: string;
  /** The bundled entry of the tests; by default what {@link bundleTests} makes of test/vscode. */
  readonly testsPath?: string;
  /**
   * Each phase is one load of the window, one after the other, on the same server and the same user data: what
   * extensions store and the terminals that run outlive it. By default one phase of all tests.
   */
  readonly phases?: readonly (Omit<Phase, 'name'> & { readonly name?: string })[];
  readonly userSettings?: Readonly<Record<string, unknown>>;
  /** Added to the environment of VS Code, its extension host and its terminals. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Whether the folder opens untrusted, in Restricted Mode. Default false. */
  readonly workspaceTrust?: boolean;
  /** Where user data is kept; by default a temporary directory. */
  readonly userDataDir?: string;
  /**
   * `desktop` is the program that @vscode/test-electron downloads (or `VSCODE_EXECUTABLE`), `served` the one from npm
   * in a headless browser, `auto` (the default, or `AGENT_QUOTA_TEST_HOST`) the first of them that can be had here.
   */
  readonly host?: TestHostKind | 'auto';
  /** For each phase; default 5 minutes. */
  readonly timeoutMs?: number;
  /** Where results go, line by line; default stdout. */
  readonly print?: (line: string) => void;
}

/** A kind of VS Code that tests run in. */
export type TestHostKind = 'desktop' | 'served';

const keptLogEntries = 60;

/**
 * Runs tests inside a real VS Code and prints what mocha tells as it happens. A crash of the extension host, a timeout and
 * a run without tests count as failures; those come with VS Code's log and a screenshot (`out/screenshots/failed-*.png`).
 * @throws when VS Code itself cannot be started.
 */
export async function runTestsInVsCode(options: VsCodeTestOptions): Promise<TestTotals> {
  const print = options.print ?? ((line: string) => void process.stdout.write(`${line}\n`));
  if (options.extensionPaths.length === 0) throw new Error('VS Code runs tests only beside an extension.');
  const testsPath = options.testsPath ?? (await bundleTests());
  await mkdir(screenshotDirectory, { recursive: true });
  const report = new TestReport(print);
  const run = new TestRun(report);
  const log: string[] = [];
  const onLog = (line: string): void => {
    // Of a long stack the beginning says enough.
    log.push(line.split('\n', 6).join('\n').slice(0, 1000));
    if (log.length > keptLogEntries) log.shift();
    if (process.env['AGENT_QUOTA_TEST_VERBOSE'] !== undefined) print(`    ${line}`);
  };

  let window: TestWindow | undefined;
  const driver = await startDriver({
    handlers: {
      ...pageHandlers(async (within) => {
        const page = within === 'other window' ? window?.otherPage() : await window?.page();
        if (page === undefined) throw new Error('There is no such window yet.');
        return page;
      }),
      otherWindow: ({ open }) => window?.showOther(open),
      report: (event) => {
        run.add(event);
      },
      reload: (phase) => {
        run.reload(phase);
      },
    },
    phase: () => run.phase,
    onLifeline: () => run.connected(),
  });
  try {
    const opened = await openWindow(
      options,
      {
        extensionPaths: options.extensionPaths,
        workspaceFolder: options.workspaceFolder,
        testsPath,
        userSettings: options.userSettings ?? {},
        env: { ...options.env, [driverVariable]: driver.url },
        workspaceTrust: options.workspaceTrust === true,
        ...(options.userDataDir === undefined ? {} : { userDataDir: options.userDataDir }),
      },
      {
        onLog,
        onEnded: (reason) => {
          run.break(reason);
        },
      },
      print,
    );
    window = opened;
    await runPhases(options, run, opened, { print, report, log });
  } finally {
    await window?.stop();
    await driver.stop();
  }
  const { passed, failed, pending } = report.totals;
  if (passed + failed + pending === 0) report.addFailure('No test has run.');
  report.printSummary();
  return report.totals;
}

interface Output {
  readonly print: (line: string) => void;
  readonly report: TestReport;
  readonly log: readonly string[];
}

async function runPhases(options: VsCodeTestOptions, run: TestRun, window: TestWindow, output: Output): Promise<void> {
  const phases = (options.phases ?? [{}]).map((phase, index) => ({ name: `phase ${index + 1}`, ...phase }));
  for (const first of phases) {
    let phase: Phase | undefined = first;
    let start = (): Promise<void> => window.open();
    while (phase !== undefined) {
      if (phases.length > 1 || phase !== first) output.print(`\n  [${phase.name}]`);
      const outcome = await run.run(phase, options.timeoutMs ?? 300_000, start);
      if (outcome.kind === 'broken') {
        const screenshot = await failureScreenshot(window, phase);
        output.report.addFailure(`${phase.name}: ${outcome.reason}${screenshot}\n${output.log.join('\n')}`);
        // What follows would run on the ruins of this phase.
        return;
      }
      phase = outcome.kind === 'reloading' ? outcome.next : undefined;
      const { closedForMs, hostIsKilled } = phase ?? {};
      const killed = hostIsKilled === true ? run.hostGone() : undefined;
      start = () => (closedForMs === undefined ? window.reload(killed) : window.closeFor(closedForMs));
      if (outcome.kind === 'finished') await window.settle();
    }
  }
}

async function failureScreenshot(window: TestWindow, phase: Phase): Promise<string> {
  try {
    const name = `failed-${phase.name.replace(/[^\w.-]+/g, '-')}`;
    return `\nScreenshot: ${await takeScreenshot(await window.page(), name)}`;
  } catch {
    return '';
  }
}

async function openWindow(
  options: VsCodeTestOptions,
  windowOptions: TestWindowOptions,
  events: TestWindowEvents,
  print: (line: string) => void,
): Promise<TestWindow> {
  const wanted = options.host ?? process.env['AGENT_QUOTA_TEST_HOST'] ?? 'auto';
  if (wanted !== 'served') {
    const executable = await desktopVsCode(wanted === 'desktop').catch((error: unknown) => {
      if (wanted === 'desktop') throw error;
      print(`  No desktop VS Code here (${error instanceof Error ? error.message : String(error)}).`);
      return undefined;
    });
    if (executable !== undefined) {
      print(`  VS Code: ${executable}`);
      return openDesktopTestWindow(executable, windowOptions, events);
    }
  }
  print("  VS Code: npm's code-server in a headless browser");
  return openServedTestWindow(windowOptions, events);
}
