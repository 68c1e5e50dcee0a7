/*
 * Runs the tests of test/vscode inside a real VS Code: `node test/host/runVsCodeTests.ts`.
 *
 * MOCHA_GREP                 runs only the tests whose full titles match
 * AGENT_QUOTA_TEST_HOST      `desktop`, `served` or `auto`
 * VSCODE_EXECUTABLE          a desktop VS Code of one's own; VSCODE_VERSION: the version to download
 * CHROME_PATH                the browser for `served`
 * AGENT_QUOTA_LONG           runs the whole table of ways to start an agent, and looks at every view in every theme
 * AGENT_QUOTA_TEST_VERBOSE   shows what VS Code and its extension host print
 */
import { appendFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { testCa } from '../fakes/testCertificates.ts';
import { startSimulatedUpstreamProcess } from '../fakes/simulatedUpstreamProcess.ts';
import { copyExtension } from './extensionCopy.ts';
import { ensureInstalled } from './installation.ts';
import { bundleTests } from './testBundle.ts';
import type { TestTotals } from './testReport.ts';
import { matrix, realKey, trusted, untrusted, updated, type WindowUnderTest, withOthers } from './windowsUnderTest.ts';
import { runTestsInVsCode } from './vsCodeTests.ts';

/** One after the other: two at a time save three minutes of eleven, and keys and clicks then come too late now and then. */
const windows: readonly WindowUnderTest[] = [trusted, untrusted, withOthers, updated, matrix];

const base = await mkdtemp(path.join(tmpdir(), 'aq tests '));
try {
  const [extension, testsPath] = await Promise.all([copyExtension(base), bundleTests(), ensureInstalled()]);
  const certificates = path.join(base, 'private ca.pem');
  await writeFile(certificates, testCa);

  const runWindow = async (window: WindowUnderTest): Promise<TestTotals> => {
    // Of its own, so that no window has to do with what tests of another have made of it.
    const upstream = await startSimulatedUpstreamProcess({ behaviour: { acceptedKeys: [realKey] } });
    try {
      const directory = await mkdtemp(path.join(base, `${window.name} `));
      const surroundings = { directory, extension, certificates, upstreamUrl: upstream.url };
      return await runTestsInVsCode({ ...(await window.options(surroundings)), testsPath });
    } finally {
      await upstream.close();
    }
  };
  // Tests that are picked by their titles are all in one of the windows.
  const picked = process.env['MOCHA_GREP'] ?? '';
  const special = [untrusted, withOthers, updated, matrix].find(({ tag }) => picked.includes(tag ?? '')) ?? trusted;
  const all: TestTotals[] = [];
  for (const window of picked === '' ? windows : [special]) all.push(await runWindow(window));

  const sum = (count: (totals: TestTotals) => number): number =>
    all.reduce((total, totals) => total + count(totals), 0);
  const totals = {
    passed: sum(({ passed }) => passed),
    failed: sum(({ failed }) => failed),
    pending: sum(({ pending }) => pending),
    failures: all.flatMap(({ failures }) => failures),
  };
  const file = process.env['AGENT_QUOTA_TEST_TOTALS'];
  if (file !== undefined) await appendFile(file, `${JSON.stringify(totals)}\n`);
  process.exitCode = totals.failed === 0 ? 0 : 1;
} finally {
  await rm(base, { recursive: true, force: true, maxRetries: 5 });
}
