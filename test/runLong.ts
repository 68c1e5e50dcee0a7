/*
 * `npm run test:long`: the unit tests in their long form. Properties run 20,000 cases each (FC_RUNS), hammering goes on
 * for a minute and the gateway is fuzzed with 100,000 connections (AGENT_QUOTA_LONG). `npm test` has the short form of
 * the same tests.
 */
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { repositoryRoot } from './host/paths.ts';

const mocha = path.join(repositoryRoot, 'node_modules', 'mocha', 'bin', 'mocha.js');
const { status } = spawnSync(process.execPath, [mocha, '--timeout', '900000'], {
  cwd: repositoryRoot,
  stdio: 'inherit',
  env: { ...process.env, FC_RUNS: process.env['FC_RUNS'] ?? '20000', AGENT_QUOTA_LONG: '1' },
});
process.exitCode = status ?? 1;
