/** A thread that simulates one scenario for one contestant and posts its figures. */
import { parentPort, workerData } from 'node:worker_threads';
import { contestants } from './contestants.ts';
import { scenarios } from './scenarios.ts';
import { simulate } from './simulation.ts';
import type { SimulationJob } from './simulationJob.ts';

const job = workerData as SimulationJob;
const scenario = scenarios.find(({ name }) => name === job.scenario);
const contestant = contestants.find(({ name }) => name === job.contestant);
if (scenario === undefined || contestant === undefined) throw new Error(`There is no ${JSON.stringify(job)}.`);
const figures = await simulate(scenario, contestant);
parentPort?.postMessage(figures);
// What a library still waits for on simulated time never comes.
process.exit(0);
