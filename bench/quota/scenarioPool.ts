import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { contestants } from './contestants.ts';
import type { Figures } from './figures.ts';
import { scenarios } from './scenarios.ts';
import type { SimulationJob } from './simulationJob.ts';

/** A scenario's figures by contestant, in the order of the contestants. */
export type ScenarioFigures = ReadonlyMap<string, Figures>;

/**
 * Runs every contestant through the scenarios, each in a thread of its own, as many at once as there are processors.
 * @param names of scenarios. @returns figures by scenario's name.
 */
export async function runScenarios(names: readonly string[]): Promise<ReadonlyMap<string, ScenarioFigures>> {
  const jobs: SimulationJob[] = names.flatMap((scenario) =>
    contestants.map(({ name }) => ({ scenario, contestant: name })),
  );
  const found = new Map<SimulationJob, Figures>();
  // The longest first, so that none begins when the others are done.
  const left = [...jobs].sort((a, b) => sizeOf(b) - sizeOf(a));
  const runNext = async (): Promise<void> => {
    for (let job = left.shift(); job !== undefined; job = left.shift()) found.set(job, await runInThread(job));
  };
  await Promise.all(Array.from({ length: availableParallelism() }, runNext));
  return new Map(names.map((name) => [name, figuresOfScenario(name, jobs, found)]));
}

function figuresOfScenario(
  name: string,
  jobs: readonly SimulationJob[],
  found: ReadonlyMap<SimulationJob, Figures>,
): ScenarioFigures {
  const figures = new Map<string, Figures>();
  for (const job of jobs) {
    const ofJob = found.get(job);
    if (job.scenario === name && ofJob !== undefined) figures.set(job.contestant, ofJob);
  }
  return figures;
}

function sizeOf({ scenario, contestant }: SimulationJob): number {
  const found = scenarios.find(({ name }) => name === scenario);
  const conversations = (found?.groups ?? []).reduce((sum, group) => sum + group.count * group.conversations, 0);
  return conversations ** 2 * (found?.minutes ?? 0) * (contestant === contestants[0]?.name ? 10 : 1);
}

function runInThread(job: SimulationJob): Promise<Figures> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('scenarioWorker.ts', import.meta.url), { workerData: job });
    worker.once('message', resolve);
    worker.once('error', reject);
    worker.once('exit', () => {
      reject(new Error(`${job.contestant} in ${job.scenario} ended without figures.`));
    });
  });
}
