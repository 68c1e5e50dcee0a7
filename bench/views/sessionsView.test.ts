import { writeFileSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import * as vscode from 'vscode';
import { commands, settings } from '../../src/contributions.ts';
import { hostDriver } from '../../test/host/driverClient.ts';
import { agentQuota, clearWindow, set, until } from '../../test/vscode/quotaWindow.ts';

const rounds = 6;
const driver = hostDriver();
const row = '.tree-explorer-viewlet-tree-view .monaco-list-row';

/** The longest time between two frames of the page from here on, which is how long it stood still. */
const watchFrames = `(() => {
  const watched = (window.watchedFrames = { longest: 0, last: performance.now() });
  const next = () => {
    if (window.watchedFrames !== watched) return;
    const now = performance.now();
    watched.longest = Math.max(watched.longest, now - watched.last);
    watched.last = now;
    requestAnimationFrame(next);
  };
  requestAnimationFrame(next);
})()`;

describe('the Agent Sessions view', function () {
  this.timeout(240_000);

  it('is drawn anew', async () => {
    const sessions = Number(process.env['AGENT_QUOTA_BENCH_SESSIONS']);
    await set(settings.apiKeyConcurrentAgents, sessions);
    const api = await agentQuota();
    await until('the plan has the slots', async () => {
      const { limits } = await api.quotaStatus();
      return limits.find(({ dimension }) => dimension === 'slots')?.limit === sessions;
    });
    await vscode.commands.executeCommand('agentQuota.sessions.focus');
    const ids: string[] = [];
    for (let index = 0; index < sessions; index += 1) {
      const auth = await api.setupClaudeAgentAuth(`agent-${index + 1}`);
      if (auth.kind === 'authenticated') ids.push(auth.sessionId);
    }
    await until('they are there', () => driver.evaluate(`document.querySelectorAll('${row}').length > 20`));
    await new Promise((resolve) => setTimeout(resolve, 2000));
    const stalls: { host: number; page: number }[] = [];
    for (let round = 0; round < rounds; round += 1) {
      const [command, shown] = round % 2 === 0 ? [commands.pauseSession, true] : [commands.resumeSession, false];
      const host = monitorEventLoopDelay({ resolution: 1 });
      await driver.evaluate(watchFrames);
      host.enable();
      // Every row looks different afterwards.
      await vscode.commands.executeCommand(command, ids[0], ids);
      const paused = `[...document.querySelectorAll('${row} .label-description')].some(({ textContent }) => textContent.includes('paused'))`;
      await until('all are drawn', async () => (await driver.evaluate(paused)) === shown);
      await new Promise((resolve) => setTimeout(resolve, 1000));
      host.disable();
      const page = Number(await driver.evaluate('window.watchedFrames.longest'));
      stalls.push({ host: host.max / 1e6, page });
    }
    await clearWindow();
    writeFileSync(process.env['AGENT_QUOTA_BENCH_FILE'] ?? '', JSON.stringify(stalls));
  });
});
