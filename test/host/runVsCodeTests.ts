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
import { type TestTotals } from './testReport.ts';
import { matrix, realKey, trusted, untrusted, type WindowUnderTest, withOthers } from './windowsUnderTest.ts';
import { runTestsInVsCode } from './vsCodeTests.ts';

/** Two windows at a time: each waits more than it works. What is told of the second lane is told window by window. */
const lanes: readonly (readonly WindowUnderTest[])[] = [[trusted], [untrusted, withOthers, matrix]];

const base = await mkdtemp(path.join(tmpdir(), 'aq tests '));
try {
  const [extension, testsPath] = await Promise.all([copyExtension(base), bundleTests(), ensureInstalled()]);
  const certificates = path.join(base, 'private ca.pem');
  await writeFile(certificates, testCa);

  const runWindow = async (window: WindowUnderTest, print?: (line: string) => void): Promise<TestTotals> => {
    // Of its own, so that no window has to do with what tests of another have made of it.
    const upstream = await startSimulatedUpstreamProcess({ behaviour: { acceptedKeys: [realKey] } });
    try {
      const directory = await mkdtemp(path.join(base, `${window.name} `));
      const surroundings = { directory, extension, certificates, upstreamUrl: upstream.url };
      const options = { ...(await window.options(surroundings)), testsPath };
      return await runTestsInVsCode(print === undefined ? options : { ...options, print });
    } finally {
      await upstream.close();
    }
  };
  // Tests that are picked by their titles are all in one of the windows.
  const picked = process.env['MOCHA_GREP'] ?? '';
  const special = [untrusted, withOthers, matrix].find(({ tag }) => picked.includes(tag ?? '')) ?? trusted;
  const runLane = async (windows: readonly WindowUnderTest[], isFirst: boolean): Promise<TestTotals[]> => {
    const totals: TestTotals[] = [];
    for (const window of windows) {
      const lines: string[] = [];
      totals.push(await runWindow(window, isFirst ? undefined : (line) => lines.push(line)));
      if (lines.length > 0) console.log(lines.join('\n'));
    }
    return totals;
  };
  const run = picked === '' ? lanes : [[special]];
  const all = (await Promise.all(run.map((lane, index) => runLane(lane, index === 0)))).flat();

  const sum = (count: (totals: TestTotals) => number): number =>
    all.reduce((total, totals) => total + count(totals), 0);
  const totals = {
    passed: sum(({ passed }) => passed),
    failed: sum(({ failed }) => failed),
    pending: sum(({ pending }) => pending),
  };
  const file = process.env['AGENT_QUOTA_TEST_TOTALS'];
  if (file !== undefined) await appendFile(file, `${JSON.stringify(totals)}\n`);
  process.exitCode = totals.failed === 0 ? 0 : 1;
} finally {
  await rm(base, { recursive: true, force: true, maxRetries: 5 });
}
