import type { Page } from 'playwright-core';
import { z } from 'zod';
import { launchBrowser } from '../host/browser.ts';
import { takeScreenshot } from '../host/pageDriver.ts';
import { runPaletteCommand } from '../host/paletteCommand.ts';
import { readLedger, type LedgerSession } from './ledgerReader.ts';

const agents = 3;
const withinMs = 120_000;

/** What the run of the sample showed. */
export interface SampleRun {
  readonly rows: readonly SampleRow[];
  /** Tokens of all requests that the upstream has counted, whoever sent them. */
  readonly countedInAll: number;
  readonly screenshot: string;
}

/** One agent's session: as the ledger metered it, and as the upstream counted it. */
export interface SampleRow {
  readonly agentId: string;
  readonly sessionId: string;
  readonly metered: number;
  readonly counted: number;
}

/** Drives a window as a user would: opens it, starts the sample's three agents, and waits until they have ended. */
export async function runSample(url: string, ledgerFile: string, upstreamUrl: string): Promise<SampleRun> {
  const browser = await launchBrowser();
  try {
    const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
    try {
      const { screenshot, sessions } = await drive(page, url, ledgerFile);
      return { ...(await compare(sessions, upstreamUrl)), screenshot };
    } catch (cause) {
      const seen = await takeScreenshot(page, 'start-failed');
      throw new Error(`The sample could not be run in the window, which looked so then: ${seen}`, { cause });
    }
  } finally {
    await browser.close();
  }
}

async function drive(
  page: Page,
  url: string,
  ledgerFile: string,
): Promise<{ readonly screenshot: string; readonly sessions: readonly LedgerSession[] }> {
  await page.goto(url);
  await until('the extension is there', async () =>
    (await page.locator('.statusbar-item', { hasText: 'agents' }).count()) > 0 ? true : undefined,
  );
  await runPaletteCommand(page, 'Agent Quota: Focus on Agent Sessions View');
  await runPaletteCommand(page, 'Tasks: Run Build Task');
  await until('three sessions are open', () => (readLedger(ledgerFile).length >= agents ? true : undefined));
  await page.locator('.statusbar-item', { hasText: 'agents' }).click();
  const atWork = page.locator('.monaco-list-row', { hasText: /k tokens/ });
  await until('three agents are at work', async () => ((await atWork.count()) >= agents ? true : undefined));
  // The panel with the tasks' terminals would take half of the picture.
  await page.keyboard.press('Control+J');
  const screenshot = await takeScreenshot(page, 'start');
  const sessions = await until('the agents have ended', () => {
    const found = readLedger(ledgerFile);
    return found.length >= agents && found.every(({ state }) => state === 'ended') ? found : undefined;
  });
  return { screenshot, sessions };
}

const requestsSchema = z.array(
  z.object({
    requestId: z.string(),
    usage: z
      .object({
        inputTokens: z.number(),
        cacheCreation5mTokens: z.number(),
        cacheCreation1hTokens: z.number(),
        cacheReadTokens: z.number(),
        outputTokens: z.number(),
      })
      .optional(),
  }),
);

/** Joins the two counts by the upstream's request ids. */
async function compare(
  sessions: readonly LedgerSession[],
  upstreamUrl: string,
): Promise<{ rows: SampleRow[]; countedInAll: number }> {
  const answer = await fetch(new URL('/_simulated/requests', upstreamUrl));
  const counted = new Map(
    requestsSchema
      .parse(await answer.json())
      .map(({ requestId, usage }) => [requestId, Object.values(usage ?? {}).reduce((sum, tokens) => sum + tokens, 0)]),
  );
  return {
    rows: sessions.map(({ agentId, sessionId, tokens, requestIds }) => ({
      agentId,
      sessionId,
      metered: tokens,
      counted: requestIds.reduce((sum, requestId) => sum + (counted.get(requestId) ?? 0), 0),
    })),
    countedInAll: [...counted.values()].reduce((sum, tokens) => sum + tokens, 0),
  };
}

async function until<T>(what: string, look: () => T | undefined | Promise<T | undefined>): Promise<T> {
  const deadline = Date.now() + withinMs;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (Date.now() > deadline) throw new Error(`Waited ${withinMs / 1000} s in vain until ${what}.`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
