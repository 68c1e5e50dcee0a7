import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Browser } from 'playwright-core';
import { type SimulatedUpstreamProcess, startSimulatedUpstreamProcess } from '../fakes/simulatedUpstreamProcess.ts';
import { launchBrowser } from '../host/browser.ts';
import { copyExtension } from '../host/extensionCopy.ts';
import { screenshotDirectory } from '../host/paths.ts';
import { type ServedVsCode, startServedVsCode } from '../host/servedVsCode.ts';
import { simulatedEnvironment } from '../host/simulatedEnvironment.ts';
import { startPostgresServer, type PostgresServer } from '../support/postgresServer.ts';
import { SharedDatabase } from '../support/sharedDatabase.ts';
import { deliveredUsage } from './deliveredUsage.ts';
import { UsedWindow } from './usedWindow.ts';

const slots = 5;
const newTerminal = 'Agent Quota: New Agent Terminal';
/** How long the database is away. */
const awayMs = 30_000;

/** Two VS Code servers that have nothing in common but a real PostgreSQL and an API key, as on two machines. */
describe('two VS Code servers that share a quota', function () {
  this.timeout(300_000);
  let base: string;
  let upstream: SimulatedUpstreamProcess;
  let postgres: PostgresServer;
  let database: SharedDatabase;
  let servers: ServedVsCode[] = [];
  let browser: Browser;
  let here: UsedWindow;
  let there: UsedWindow;

  before(async () => {
    base = await mkdtemp(path.join(tmpdir(), 'aq two servers '));
    const key = 'sk-ant-api03-for-two-servers';
    upstream = await startSimulatedUpstreamProcess({ behaviour: { acceptedKeys: [key] } });
    postgres = await startPostgresServer();
    database = await SharedDatabase.make(Date.now(), postgres);
    await database.runClock();
    const { host, port, database: name, user, password } = database.address();
    const extension = await copyExtension(base);
    const start = async (machine: string): Promise<ServedVsCode> => {
      const folder = path.join(base, machine);
      await mkdir(path.join(folder, 'work'), { recursive: true });
      return startServedVsCode({
        workspaceFolder: path.join(folder, 'work'),
        extensionPaths: [extension],
        userSettings: { 'agentQuota.ledger': 'postgres', 'agentQuota.apiKey.concurrentAgents': slots },
        env: {
          ...(await simulatedEnvironment(upstream.url, key, folder)),
          HOME: folder,
          AGENT_QUOTA_LEDGER_URL: `postgres://${user}:${password ?? ''}@${host}:${port}/${name}`,
        },
      });
    };
    servers = await Promise.all([start('one'), start('two')]);
    browser = await launchBrowser();
    const windows = [];
    for (const server of servers) windows.push(await UsedWindow.open(browser, server.url(), slots));
    const [first, second] = windows;
    assert.ok(first && second);
    [here, there] = [first, second];
    await mkdir(screenshotDirectory, { recursive: true });
  });

  afterEach(async function () {
    const failed = this.currentTest?.state === 'failed' ? 'failed-' : '';
    for (const [name, window] of [['here', here] as const, ['there', there] as const]) {
      await window.page.screenshot({ path: path.join(screenshotDirectory, `${failed}two-servers-${name}.png`) });
    }
  });

  after(async () => {
    await browser.close();
    for (const server of servers) await server.stop();
    await database.close();
    await postgres.stop();
    await upstream.close();
    await rm(base, { recursive: true, force: true, maxRetries: 5 });
  });

  it('have five slots together, and one that is freed goes to who waits on the other', async () => {
    const lateMs: number[] = [];
    const sessionsOf = (window: UsedWindow, count: number): Promise<void> =>
      window.page
        .locator('.monaco-list-row', { hasText: new RegExp(`${count} sessions?`) })
        .first()
        .waitFor();
    for (let running = 1; running <= slots; running++) {
      const [own, other, count] = running <= 3 ? [here, there, running] : [there, here, running - 3];
      await own.run(newTerminal);
      const shownAt = async (window: UsedWindow): Promise<number> => {
        await window.showsInStatusBar(`${running}/${slots} agents`);
        return Date.now();
      };
      const [ownAt, otherAt] = await Promise.all([shownAt(own), shownAt(other)]);
      lateMs.push(otherAt - ownAt);
      for (const window of [own, other]) await sessionsOf(window, count);
    }
    const [usuallyMs = Infinity] = [...lateMs].sort((a, b) => a - b).slice(slots >> 1);
    assert.ok(usuallyMs <= 1000, `the other window counts agents ${lateMs.join(', ')} ms later`);
    await there.run(newTerminal);
    await there.showsInStatusBar(`${slots}/${slots} agents +1`);
    await here.run('Terminal: Kill the Active Terminal Instance');
    await there.page.waitForFunction(
      `/\\b${slots}\\/${slots} agents(?! \\+)/.test(document.querySelector('.statusbar').innerText)`,
    );
    // Each shows the other's sessions below those of its own.
    for (const [window, others] of [[here, 3] as const, [there, 2] as const]) {
      await window.page
        .locator('.monaco-list-row', { hasText: `${others} sessions` })
        .first()
        .waitFor();
      await window.page.waitForFunction(
        `document.querySelectorAll('.tree-explorer-viewlet-tree-view .monaco-list-row').length >= ${slots + 2}`,
      );
    }
  });

  it('go on while the database is stopped for 30 s in the middle of a stream, and lose nothing', async () => {
    const answer = (name: string): string => path.join(base, `${name}.txt`);
    const ask = (window: UsedWindow, name: string): Promise<void> =>
      window.type(`claude -p "say hi" > '${answer(name)}.part' 2>&1; mv '${answer(name)}.part' '${answer(name)}'`);
    const come = async (name: string, withinMs = 60_000): Promise<string> => {
      const deadline = Date.now() + withinMs;
      while (!existsSync(answer(name))) {
        assert.ok(Date.now() < deadline, `${name} has not been answered`);
        await pause(100);
      }
      return readFileSync(answer(name), 'utf8');
    };
    const { rows } = await database.admin.query<{ plan_id: string }>('SELECT plan_id FROM agent_quota.plan');
    assert.equal(rows.length, 1, 'both machines have the same plan');
    await ask(here, 'before');
    assert.match(await come('before'), /\S/);
    const { requests: before } = (await upstream.served()).total;
    await upstream.behave({ faults: [{ kind: 'slow', betweenEventsMs: 5000 }] });
    await ask(here, 'streamed');
    while ((await upstream.served()).total.requests === before) await pause(50);
    await postgres.stop();
    const awayAt = Date.now();
    assert.ok(!existsSync(answer('streamed')), 'the stream is under way when the database goes');
    await here.page
      .getByText(/The shared ledger has not been usable/)
      .first()
      .waitFor();
    let answered = 0;
    while (Date.now() - awayAt < awayMs) {
      await ask(there, `away-${answered}`);
      await come(`away-${answered}`);
      answered += 1;
      await pause(2000);
    }
    assert.ok(answered >= 3, `${answered} agents were answered meanwhile`);
    await here.page.screenshot({ path: path.join(screenshotDirectory, 'two-servers-away.png') });
    await postgres.start();
    const said = await come('streamed');
    for (let count = 0; count < answered; count += 1) assert.equal(await come(`away-${count}`), said);
    await here.page
      .getByText(/The shared ledger has not been usable/)
      .first()
      .waitFor({ state: 'hidden', timeout: 30_000 });
    await upstream.behave({ faults: [] });
    const { total } = await upstream.served();
    await deliveredUsage(database, rows[0]?.plan_id ?? '', total);
    assert.equal(total.answered429, 0);
  });

  it('show on the dashboard what all used, and this machine’s part', async () => {
    await here.run('View: Close All Editors');
    await here.page.locator('.statusbar-item', { hasText: 'agents' }).click();
    const page = here.page.frameLocator('iframe.webview.ready').frameLocator('iframe');
    await page.getByText(/This quota is shared with 1 other machine/).waitFor({ timeout: 30_000 });
    await page.getByText(/Other machines used .* of today’s tokens/).waitFor({ timeout: 30_000 });
    await page
      .getByText(/\(on other machines\)/)
      .first()
      .waitFor();
  });
});
