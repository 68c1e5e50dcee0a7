import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Demand, FromMachine, MachineTask, Sharing, ToMachine } from './machineMessages.ts';
import type { StrictUpstream } from './strictUpstream.ts';

interface Machine {
  readonly child: ChildProcess;
  readonly ready: Promise<unknown>;
  isKilled: boolean;
}

export interface FleetTask {
  readonly sharing: Sharing;
  readonly machines: number;
  readonly agents: number;
  readonly limits: MachineTask['limits'];
  readonly address: string;
  readonly directory: string;
}

/** The machines of one run, each a process. */
export class Fleet {
  readonly #task: FleetTask;
  readonly #upstream: StrictUpstream;
  readonly #machines: Machine[] = [];
  readonly #demands: Demand[] = [];
  readonly #lives: number[] = [];
  /** Requests that their machine has put on record. */
  readonly settled = new Set<string>();
  admitMs: number[] = [];
  calls: Record<string, number> = {};
  kills = 0;

  constructor(task: FleetTask, upstream: StrictUpstream) {
    this.#task = task;
    this.#upstream = upstream;
  }

  /** Resolves when all have opened their sessions. */
  async start(): Promise<void> {
    for (let machine = 0; machine < this.#task.machines; machine += 1) this.#start(machine);
    await Promise.all(this.#machines.map(({ ready }) => ready));
  }

  /** @param of says what a machine's agents want from now on. */
  demand(of: (machine: number) => Demand): void {
    for (const [index, { child }] of this.#machines.entries()) {
      this.#demands[index] = of(index);
      send(child, { kind: 'demand', demand: of(index) });
    }
  }

  /** Ends a machine as a power failure does, and starts it again. */
  async killAndRestart(machine: number): Promise<void> {
    const running = this.#machines[machine];
    if (running === undefined) throw new Error('There is no such machine.');
    running.isKilled = true;
    this.kills += 1;
    running.child.kill('SIGKILL');
    await once(running.child, 'exit');
    this.#upstream.gone(machine);
    this.#start(machine);
    await this.#machines[machine]?.ready;
  }

  /** Lets all finish what is under way and give back what they have. */
  async close(): Promise<void> {
    await Promise.all(
      this.#machines.map(async ({ child, ready }) => {
        await ready;
        const exited = once(child, 'exit');
        send(child, { kind: 'close' });
        await exited;
      }),
    );
  }

  /** Ends every process at once. */
  kill(): void {
    for (const machine of this.#machines) {
      machine.isKilled = true;
      machine.child.kill('SIGKILL');
    }
  }

  #start(machine: number): void {
    const life = (this.#lives[machine] ?? -1) + 1;
    this.#lives[machine] = life;
    const directory = join(this.#task.directory, `machine ${machine}`);
    mkdirSync(directory, { recursive: true });
    const task: MachineTask = { ...this.#task, machine, life, directory };
    const main = fileURLToPath(new URL('machineProcess.ts', import.meta.url));
    const child = fork(main, [JSON.stringify(task)], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    const { promise: ready, resolve } = Promise.withResolvers<undefined>();
    const started: Machine = { child, ready, isKilled: false };
    this.#machines[machine] = started;
    child.on('message', (message: FromMachine) => {
      if (started.isKilled) return;
      if (message.kind === 'ready') {
        send(child, { kind: 'demand', demand: this.#demands[machine] ?? 'none' });
        resolve(undefined);
      } else {
        this.#hear(machine, child, message);
      }
    });
    child.on('exit', (code) => {
      if (!started.isKilled && code !== 0) throw new Error(`Machine ${machine} has ended by itself (${code}).`);
    });
  }

  #hear(machine: number, child: ChildProcess, message: FromMachine): void {
    if (message.kind === 'settled') {
      this.settled.add(message.id);
    } else if (message.kind === 'measured') {
      this.admitMs.push(...message.admitMs);
      for (const [name, count] of Object.entries(message.calls)) this.calls[name] = (this.calls[name] ?? 0) + count;
    } else {
      this.#upstream.hear(machine, message, (answer) => {
        send(child, answer);
      });
    }
  }
}

/** What a process that is gone does not hear is lost. */
function send(child: ChildProcess, message: ToMachine): void {
  if (child.connected) child.send(message, () => undefined);
}
