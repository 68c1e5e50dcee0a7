import { createRequire } from 'node:module';
import path from 'node:path';
import { ensureInstalled } from '../../host/installation.ts';

/** What is used of node-pty's terminal, which VS Code brings along. */
interface Pty {
  onData(listener: (data: string) => void): unknown;
  onExit(listener: (end: { exitCode: number }) => void): unknown;
  write(data: string): void;
  kill(signal?: string): void;
}
interface NodePty {
  spawn(
    file: string,
    args: readonly string[],
    options: { cols: number; rows: number; cwd: string; env: Readonly<Record<string, string>> },
  ): Pty;
}
/** What is used of xterm's terminal without a screen. */
interface HeadlessTerminal {
  write(data: string): void;
  onData(listener: (data: string) => void): unknown;
  readonly buffer: {
    readonly active: {
      readonly length: number;
      getLine(index: number): { translateToString(trimRight: boolean): string } | undefined;
    };
  };
}
interface Headless {
  readonly Terminal: new (options: { cols: number; rows: number; allowProposedApi: boolean }) => HeadlessTerminal;
}

const size = { cols: 110, rows: 40 } as const;

/** A program on a terminal, and what a user sees of it. */
export interface PtyScreen {
  /** The lines that are not empty, from the first that was ever shown. */
  text(): string;
  /** Waits until the screen matches. @throws with the screen when it does not in time. */
  shows(pattern: RegExp, withinMs?: number): Promise<string>;
  type(text: string): void;
  readonly exit: Promise<number>;
  kill(): void;
}

export async function startOnPty(
  file: string,
  args: readonly string[],
  place: { readonly cwd: string; readonly env: Readonly<Record<string, string>> },
): Promise<PtyScreen> {
  const { directory } = await ensureInstalled();
  const vsCode = path.join(directory, 'node_modules', 'code-server', 'lib', 'vscode', 'node_modules', '/');
  const load = createRequire(vsCode);
  const pty = load(path.join(vsCode, 'node-pty')) as NodePty;
  const { Terminal } = load(path.join(vsCode, '@xterm', 'headless')) as Headless;
  const terminal = new Terminal({ ...size, allowProposedApi: true });
  const running = pty.spawn(file, args, { ...size, ...place });
  running.onData((data) => {
    terminal.write(data);
  });
  // The program asks the terminal what it is.
  terminal.onData((data) => {
    running.write(data);
  });
  const exit = new Promise<number>((resolve) => {
    running.onExit(({ exitCode }) => {
      resolve(exitCode);
    });
  });
  const text = (): string => {
    const { active } = terminal.buffer;
    const lines = Array.from({ length: active.length }, (_, index) => active.getLine(index)?.translateToString(true));
    return lines.filter((line) => line !== undefined && line.trim() !== '').join('\n');
  };
  return {
    text,
    shows: async (pattern, withinMs = 20_000) => {
      const deadline = performance.now() + withinMs;
      while (!pattern.test(text())) {
        if (performance.now() > deadline) throw new Error(`${String(pattern)} is not on screen:\n${text()}`);
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      return text();
    },
    type: (typed) => {
      running.write(typed);
    },
    exit,
    kill: () => {
      running.kill('SIGKILL');
    },
  };
}

/** Says something to the real CLI as a user does, and waits until it has answered. */
export async function sayHi(screen: PtyScreen): Promise<void> {
  await screen.shows(/❯/);
  screen.type('say hi');
  await screen.shows(/❯.say hi/);
  screen.type('\r');
  await screen.shows(/✻.*· done/);
}
