/* Used inside the extension host: it is bundled with the tests, and imports types only. */
import { get, type IncomingMessage } from 'node:http';
// `import type`, or the bundle would hold the schemas and zod with them.
import type { driverVariable, DriverRequest, DriverRequestKind, Phase } from './driverProtocol.ts';

/** Where something is looked up; webviews are frames of their own within the page. */
export interface Where {
  /** Default `workbench`: that of the window that runs the tests. */
  readonly within?: 'workbench' | 'webview' | 'other window';
}

/**
 * What a test in the extension host can have done from outside: the host driver in the runner acts on the page that
 * shows VS Code. Every call rejects with the reason when it cannot be done (a selector is waited for, 10 s).
 */
export interface HostDriver {
  /** The phase that this page load runs. */
  phase(): Promise<Phase>;
  /** Writes `out/screenshots/<name>.png` and returns its path: the whole window, or one element of it. */
  screenshot(name: string, options?: Where & { readonly selector?: string }): Promise<string>;
  /** Sets the window's size in pixels, which stays until the next call. */
  resize(width: number, height: number): Promise<void>;
  /** Presses keys, as playwright names them: `Control+Shift+P`, `Escape`. */
  press(keys: string): Promise<void>;
  /** Types text into what has the focus. */
  type(text: string): Promise<void>;
  click(selector: string, options?: Where & { readonly button?: 'left' | 'right' }): Promise<void>;
  hover(selector: string, options?: Where): Promise<void>;
  /** The text that a user reads in an element. */
  text(selector: string, options?: Where): Promise<string>;
  /** Evaluates a JavaScript expression in the page, or in the (first) webview; returns its JSON value. */
  evaluate(expression: string, options?: Where): Promise<unknown>;
  /** What axe-core finds against WCAG 2.2 AA and its own best practices: each rule with the elements that break it. */
  violations(options?: Where): Promise<readonly string[]>;
  /**
   * Opens another window on the same VS Code and user data, with the extension and without tests, or closes it.
   * @returns false where this kind of VS Code cannot.
   */
  otherWindow(open: boolean): Promise<boolean>;
  /**
   * Reloads the window now, amid the tests: what runs then is the given phase, and this call never returns. Nothing
   * after the test that calls it runs in this phase.
   */
  reload(phase: Phase): Promise<never>;
}

/**
 * The driver of the running tests.
 * @throws when the tests were not started by the runner.
 */
export function hostDriver(): HostDriver {
  return {
    phase: async () => (await ask('phase')) as Phase,
    screenshot: async (name, options = {}) => (await send('screenshot', { name, ...options })) as string,
    resize: (width, height) => tell(send('resize', { width, height })),
    press: (keys) => tell(send('press', { keys })),
    type: (text) => tell(send('type', { text })),
    click: (selector, options = {}) => tell(send('click', { selector, ...options })),
    hover: (selector, options = {}) => tell(send('hover', { selector, ...options })),
    text: async (selector, options = {}) => (await send('text', { selector, ...options })) as string,
    evaluate: (expression, options = {}) => send('evaluate', { expression, ...options }),
    otherWindow: async (open) => (await send('otherWindow', { open })) as boolean,
    violations: async (options = {}) => (await send('violations', options)) as string[],
    reload: async (phase) => {
      Object.defineProperty(globalThis, reloading, { value: true });
      await send('reload', phase);
      if (phase.hostIsKilled === true) process.kill(process.pid, 'SIGKILL');
      return new Promise<never>(() => undefined);
    },
  };
}

/**
 * Tells the runner what mocha does. Not after a reload was asked for: what breaks in this process while it is taken
 * down, and in whichever extension, is no test's.
 */
export async function reportToDriver(event: DriverRequest<'report'>): Promise<void> {
  if (!(reloading in globalThis)) await send('report', event);
}

/** On the global object, because each test file is a bundle of its own. */
const reloading = Symbol.for('agent-quota-tests.reloading');

/**
 * Opens a connection that lasts as long as this process: when it breaks before the tests have ended, the runner knows
 * that the extension host has crashed. Resolves to a function that closes it.
 */
export async function openLifeline(): Promise<() => void> {
  // Not fetch: its response, never read to the end, may be garbage-collected and so closed.
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    get(`${driverUrl()}/lifeline`, resolve).on('error', reject);
  });
  response.on('error', () => undefined);
  response.resume();
  return () => response.destroy();
}

async function send<K extends DriverRequestKind>(kind: K, request: DriverRequest<K>): Promise<unknown> {
  return ask(kind, JSON.stringify(request));
}

async function tell(answer: Promise<unknown>): Promise<void> {
  await answer;
}

async function ask(path: string, body?: string): Promise<unknown> {
  const response = await fetch(`${driverUrl()}/${path}`, body === undefined ? {} : { method: 'POST', body });
  const text = await response.text();
  if (!response.ok) throw new Error(`The host driver could not ${path}: ${text}`);
  return text === '' ? undefined : JSON.parse(text);
}

function driverUrl(): string {
  const name: typeof driverVariable = 'AGENT_QUOTA_TEST_DRIVER';
  const url = process.env[name];
  if (url === undefined) throw new Error(`${name} is not set: run these tests with test/host/runVsCodeTests.ts.`);
  return url;
}
