import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { isDeepStrictEqual, promisify } from 'node:util';
import type { Browser } from 'playwright-core';
import * as z from 'zod';
import type { Served } from '../fakes/servedLog.ts';
import { type SimulatedUpstreamProcess, startSimulatedUpstreamProcess } from '../fakes/simulatedUpstreamProcess.ts';
import { launchBrowser } from '../host/browser.ts';
import { cleanEnvironment } from '../host/cleanEnvironment.ts';
import { ensureInstalled } from '../host/installation.ts';
import { packExtension } from '../host/packedExtension.ts';
import { screenshotDirectory } from '../host/paths.ts';
import { type ServedVsCode, startServedVsCode } from '../host/servedVsCode.ts';
import { simulatedEnvironment } from '../host/simulatedEnvironment.ts';
import { UsedWindow } from './usedWindow.ts';

const slots = 5;
const sessionsSchema = z.object({
  sessions: z.array(z.object({ agentId: z.string(), requests: z.number(), tokens: z.object({ total: z.number() }) })),
});

/** With the extension installed as a user's is: in a window with extensions under development VS Code starts no host again. */
const describeHere = process.platform === 'win32' ? describe.skip : describe;
describeHere('an extension host that VS Code starts again in its window', function () {
  this.timeout(180_000);
  let base: string;
  let upstream: SimulatedUpstreamProcess;
  let server: ServedVsCode;
  let browser: Browser;
  let window: UsedWindow;

  before(async () => {
    base = await mkdtemp(path.join(tmpdir(), 'aq restarted '));
    const [work, data, home] = [path.join(base, 'work'), path.join(base, 'data'), path.join(base, 'home')];
    for (const folder of [work, data, home]) await mkdir(folder);
    const key = 'sk-ant-api03-for-a-restarted-host';
    upstream = await startSimulatedUpstreamProcess({ behaviour: { acceptedKeys: [key] } });
    const env = { ...(await simulatedEnvironment(upstream.url, key, home)), HOME: home };
    const { serverMain } = await ensureInstalled();
    const install = ['--install-extension', await packExtension({ parent: base })];
    const to = ['--server-data-dir', data, '--accept-server-license-terms'];
    await promisify(execFile)(process.execPath, [serverMain, ...to, ...install], { env: cleanEnvironment(env) });
    server = await startServedVsCode({
      workspaceFolder: work,
      extensionPaths: [],
      userDataDir: data,
      userSettings: { 'agentQuota.apiKey.concurrentAgents': slots },
      env,
    });
    browser = await launchBrowser();
    window = await UsedWindow.open(browser, server.url(), slots);
    await mkdir(screenshotDirectory, { recursive: true });
  });

  afterEach(async function () {
    const failed = this.currentTest?.state === 'failed' ? 'failed-' : '';
    await window.page.screenshot({ path: path.join(screenshotDirectory, `${failed}restarted-host.png`) });
  });

  after(async () => {
    await browser.close();
    await server.stop();
    await upstream.close();
    await rm(base, { recursive: true, force: true, maxRetries: 5 });
  });

  /** The extension hosts of this server. */
  function hosts(): number[] {
    const rows = execFileSync('ps', ['-A', '-ww', '-o', 'pid=,ppid=,args='], { encoding: 'utf8' })
      .split('\n')
      .map((line) => /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line) ?? [])
      .map(([, pid, parent, args = '']) => ({ pid: Number(pid), parent: Number(parent), args }));
    const servers = new Set(rows.filter(({ args }) => args.includes(base)).map(({ pid }) => pid));
    return rows
      .filter(({ parent, args }) => servers.has(parent) && args.includes('--type=extensionHost'))
      .map(({ pid }) => pid);
  }

  /** What a command line printed in the terminal that is shown. */
  async function printed(name: string, line: string): Promise<() => Promise<string>> {
    const file = path.join(base, name);
    await window.type(`${line} > '${file}.part' 2>&1; mv '${file}.part' '${file}'`);
    return async () => {
      await until(`${name} is there`, () => existsSync(file), 90_000);
      return readFileSync(file, 'utf8');
    };
  }

  it('has the real CLI finish by its own retry, on the same port and with the same key, booked to its session', async () => {
    const before = (await upstream.served()).total;
    await upstream.behave({ deltaEvents: 600, delays: { beforeHeadersMs: 0, betweenEventsMs: 100 } });
    await window.run('Agent Quota: New Agent Terminal');
    await window.showsInStatusBar(`1/${slots} agents`, 60_000);
    const answer = await printed('answer', 'claude -p "say hi"');
    // What was metered is written down by then.
    await window.page.locator('.monaco-list-row[aria-label*="k tokens"]').first().waitFor({ timeout: 60_000 });
    await upstream.behave({ deltaEvents: 3, delays: { beforeHeadersMs: 0, betweenEventsMs: 0 } });
    await window.page.evaluate('window.isStillThis = true');

    const [host, ...others] = hosts();
    assert.ok(host !== undefined && others.length === 0, 'there is one extension host');
    process.kill(host, 'SIGKILL');
    await until('there is another', () => hosts().some((pid) => pid !== host), 60_000);
    assert.match(await answer(), /Hello from the simulated upstream/);
    assert.equal(await window.page.evaluate('window.isStillThis'), true, 'the window was not reloaded');
    await window.showsInStatusBar(`1/${slots} agents`, 60_000);

    assert.ok((await upstream.served()).total.requests - before.requests >= 2, 'it has asked again');
    let told: unknown;
    let wanted: unknown;
    let looks = 0;
    const areBooked = async (): Promise<boolean> => {
      const sessions = await printed(`sessions ${++looks}`, 'agent-quota sessions --json');
      const { total } = await upstream.served();
      const requests = total.requests - before.requests;
      wanted = [{ agentId: 'agent-1', requests, tokens: { total: tokens(total) - tokens(before) } }];
      told = sessionsSchema.parse(JSON.parse(await sessions())).sessions;
      return isDeepStrictEqual(told, wanted);
    };
    await until('both answers are booked', areBooked).catch((error: unknown) => {
      assert.deepEqual(told, wanted);
      throw error;
    });
  });
});

function tokens(served: Served['total']): number {
  const { inputTokens, cacheCreation5mTokens, cacheCreation1hTokens, cacheReadTokens, outputTokens } = served;
  return inputTokens + cacheCreation5mTokens + cacheCreation1hTokens + cacheReadTokens + outputTokens;
}

async function until(what: string, isSo: () => boolean | Promise<boolean>, withinMs = 30_000): Promise<void> {
  const deadline = Date.now() + withinMs;
  while (!(await isSo())) {
    assert.ok(Date.now() < deadline, `waited ${withinMs} ms in vain: ${what}`);
    await pause(50);
  }
}
