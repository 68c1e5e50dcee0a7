import { readdirSync } from 'node:fs';
import path from 'node:path';
import { hostDriver, openLifeline } from '../host/driverClient.ts';
import { DriverReporter } from '../host/driverReporter.ts';
import type { Phase } from '../host/driverProtocol.ts';

/** Called by VS Code in its extension host: runs the bundled tests beside this file and rejects when one fails. */
export async function run(): Promise<void> {
  process.setSourceMapsEnabled(true);
  const closeLifeline = await openLifeline();
  const driver = hostDriver();
  const phase = await driver.phase();
  const reporter = new DriverReporter();
  // Imported, not required: mocha is an ES module, and this file is bundled to CommonJS.
  const { default: Mocha } = await import('mocha');
  const mocha = new Mocha({
    ui: 'bdd',
    reporter: 'base',
    timeout: 20_000,
    // Whole paths: the reporter finds the sources by them.
    fullTrace: true,
    grep: titlePattern(phase),
    forbidOnly: process.env['CI'] !== undefined,
    rootHooks: {
      // A test that crashes this process is known by its name.
      beforeEach: () => reporter.told(),
      async afterEach(this: Mocha.Context) {
        const test = this.currentTest;
        if (test?.state !== 'failed') return;
        const name = test.fullTitle().replace(/[^\w.-]+/g, '-');
        // The window may be gone, and the failure itself is what matters.
        await driver.screenshot(`failed-${name.slice(0, 100)}`).catch(() => undefined);
      },
    },
  });
  let failures: number;
  try {
    for (const file of testFiles()) mocha.addFile(file);
    await mocha.loadFilesAsync();
    failures = await new Promise<number>((resolve) => {
      reporter.attach(mocha.run(resolve));
    });
  } catch (error) {
    reporter.fail('The tests could not be loaded', error);
    failures = 1;
  }
  await reporter.end();
  closeLifeline();
  if (failures > 0) throw new Error(`${failures} failing`);
}

function testFiles(): string[] {
  return readdirSync(import.meta.dirname, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.test.cjs'))
    .sort()
    .map((file) => path.join(import.meta.dirname, file));
}

/** All conditions on a test's full title in one expression, which is all that mocha takes. */
function titlePattern({ grep, skip }: Phase): RegExp {
  const wanted = [grep, process.env['MOCHA_GREP']].filter((pattern) => pattern !== undefined && pattern !== '');
  const unwanted = skip === undefined ? '' : `(?![^]*(?:${skip}))`;
  return new RegExp(`^${wanted.map((pattern) => `(?=[^]*(?:${String(pattern)}))`).join('')}${unwanted}`);
}
