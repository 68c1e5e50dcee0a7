/*
 * `npm test`: every check and every suite, one after the other, to the end even where one fails. What failed is told
 * again at the end, and the last line is `N passed, N failed`: the sum of the tests that ran. A check that is no test (lint, types) counts by the exit code.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { z } from 'zod';
import { noonZone } from './host/noonZone.ts';
import { endProcessTree } from './host/processTree.ts';

interface Step {
  readonly title: string;
  readonly script: string;
  /** Whether the step runs tests, and so must have told how many. */
  readonly tests: boolean;
}

const steps: readonly Step[] = [
  { title: 'Lint, format and layers', script: 'lint', tests: false },
  { title: 'Types', script: 'check', tests: false },
  { title: 'Bundles', script: 'build', tests: false },
  { title: 'Unit tests', script: 'test:unit', tests: true },
  { title: 'Tests in a real VS Code', script: 'test:vscode', tests: true },
  { title: 'End-to-end tests', script: 'test:e2e', tests: true },
];

/** A step that leaves something open never ends by itself. */
const longestStepMs = 20 * 60_000;

const totalsSchema = z.object({
  passed: z.number(),
  failed: z.number(),
  pending: z.number(),
  failures: z.array(z.string()),
});

const npm = process.env['npm_execpath'];
if (npm === undefined) throw new Error('Run this as `npm test`.');

const directory = mkdtempSync(path.join(tmpdir(), 'aq-totals-'));
const totals = { passed: 0, failed: 0, pending: 0 };
const failures: string[] = [];
const failedSteps: string[] = [];
for (const [index, { title, script, tests }] of steps.entries()) {
  console.log(`\n== ${title} (npm run ${script})`);
  const file = path.join(directory, `${index}.jsonl`);
  const status = await run([npm, 'run', '--silent', script], file);
  const told = tests ? readTotals(file) : undefined;
  if (told !== undefined) {
    totals.passed += told.passed;
    totals.failed += told.failed;
    totals.pending += told.pending;
    failures.push(...told.failures.map((failure) => `${title}: ${failure}`));
  }
  if (status !== 0 || (tests && told === undefined)) failedSteps.push(title);
}
rmSync(directory, { recursive: true, force: true });

// Again at the end, where they are not thousands of lines away.
for (const failure of failures) console.log(`\n✖ ${failure}`);
if (failedSteps.length > 0) {
  console.log(`\nFailed: ${failedSteps.join(', ')}.`);
  process.exitCode = 1;
}
console.log(
  `\n${totals.passed} passed, ${totals.failed} failed${totals.pending > 0 ? `, ${totals.pending} skipped` : ''}`,
);

/** @returns the exit code; undefined where the step was ended, with all that it had started, or could not be started. */
async function run(args: readonly string[], totalsFile: string): Promise<number | undefined> {
  const child = spawn(process.execPath, args, {
    stdio: 'inherit',
    env: { ...process.env, ...noonZone(), AGENT_QUOTA_TEST_TOTALS: totalsFile },
  });
  const timer = setTimeout(() => {
    console.log(`\nIt has taken more than ${longestStepMs / 60_000} minutes, and is ended.`);
    if (child.pid !== undefined) void endProcessTree(child.pid);
  }, longestStepMs);
  const status = await new Promise<number | null>((resolve) => {
    child.on('error', (error) => {
      console.log(error.message);
      resolve(null);
    });
    child.on('exit', resolve);
  });
  clearTimeout(timer);
  return status ?? undefined;
}

/** The sum of what a step told; undefined when it told nothing, which is a failure of its own. */
function readTotals(file: string): z.infer<typeof totalsSchema> | undefined {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => totalsSchema.parse(JSON.parse(line)))
    .reduce((sum, one) => ({
      passed: sum.passed + one.passed,
      failed: sum.failed + one.failed,
      pending: sum.pending + one.pending,
      failures: [...sum.failures, ...one.failures],
    }));
}
