/*
 * `npm run test:long`: tests in their long form (AGENT_QUOTA_LONG), of which `npm test` has the short one. The unit tests'
 * properties run 20,000 cases each (FC_RUNS), hammering goes on for a minute and the gateway is fuzzed with 100,000
 * connections; the soak goes on for ten minutes, 300 launchers are killed at random, and two machines share a limit for a
 * minute; in a real VS Code every way of starting an agent is ended in every way, and every view is looked at in every
 * theme.
 */
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { noonZone } from './host/noonZone.ts';
import { repositoryRoot } from './host/paths.ts';

const mocha = path.join(repositoryRoot, 'node_modules', 'mocha', 'bin', 'mocha.js');
const endToEnd = ['soak/soak', 'killedLaunchers', 'twoMachines'].map((name) => `test/e2e/${name}.test.ts`);
const commands = [
  [path.join(repositoryRoot, 'esbuild.js')],
  [mocha, '--timeout', '900000'],
  [mocha, '--timeout', '900000', '--no-config', '--reporter', './test/totalsReporter.cjs', ...endToEnd],
  [path.join(repositoryRoot, 'test', 'host', 'runVsCodeTests.ts')],
];
for (const command of commands) {
  const { status } = spawnSync(process.execPath, command, {
    cwd: repositoryRoot,
    stdio: 'inherit',
    env: {
      ...process.env,
      ...noonZone(),
      FC_RUNS: process.env['FC_RUNS'] ?? '20000',
      AGENT_QUOTA_LONG: '1',
    },
  });
  if (status !== 0) process.exitCode = status ?? 1;
}
