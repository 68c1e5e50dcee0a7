import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import Anthropic from '@anthropic-ai/sdk';
import { apiKeyPlan } from '../../src/core/plan.ts';
import type { AgentAuth, EngineSnapshot } from '../../src/core/quotaEngine.ts';
import { ledgerFileName } from '../../src/ledger/openLedger.ts';
import { overlayVariables as names } from '../../src/shared/overlayVariables.ts';
import { startSimulatedUpstream, type SimulatedUpstream } from '../fakes/simulatedUpstream.ts';
import { claudeBinary } from '../host/claudeBinary.ts';
import { quietClaudeEnvironment } from './claudeRun.ts';
import { type PtyScreen, startOnPty } from './observed/ptyScreen.ts';
import { realKey, startEngine, type RunningEngine } from './runningEngine.ts';

type Auth = AgentAuth & { kind: 'authenticated' };

const hello = 'Hello from the simulated upstream';
const question = /Detected a custom API key[^]*Do you want to use this API key\?[^]*❯ No/;
const [up, enter, escape, clear] = ['\u001B[A', '\r', '\u001B', '\u0015'];
const working = /\S…[^]*esc to interrupt/;
/** How Claude Code tells of an answer that is none; see docs/waiting.md. */
const trouble = /API error|retrying in|Request rejected/i;
/** What comes has all the time that a busy machine takes. */
const withinMs = 60_000;
const wide = apiKeyPlan({ requestsPerMinute: 600, tokensPerMinute: 1_000_000 });

describe('the Claude Code CLI in a terminal, through the gateway', function () {
  this.timeout(180_000);
  let upstream: SimulatedUpstream;
  let running: RunningEngine;
  let home: string;
  const screens: PtyScreen[] = [];

  beforeEach(async () => {
    upstream = await startSimulatedUpstream({ behaviour: { acceptedKeys: [realKey] } });
    running = await startEngine(upstream.url, wide);
    home = await mkdtemp(path.join(tmpdir(), 'aq home '));
    const project = { hasTrustDialogAccepted: true, hasCompletedProjectOnboarding: true };
    const known = { hasCompletedOnboarding: true, theme: 'dark', projects: { [home]: project } };
    await mkdir(path.join(home, '.claude'));
    await writeFile(path.join(home, '.claude', '.claude.json'), JSON.stringify(known));
  });
  afterEach(async () => {
    for (const screen of screens.splice(0)) {
      screen.kill();
      await screen.exit;
    }
    await running.close();
    await upstream.close();
    await rm(home, { recursive: true, force: true, maxRetries: 5 });
  });

  async function onScreen({ overlay }: Auth): Promise<PtyScreen> {
    const set = Object.entries(overlay).filter((entry): entry is [string, string] => entry[1] !== null);
    const environment = { PATH: process.env['PATH'] ?? '', TERM: 'xterm-256color', ...quietClaudeEnvironment(home) };
    const env = { ...environment, ...Object.fromEntries(set) };
    const screen = await startOnPty(await claudeBinary(), [], { cwd: home, env });
    screens.push(screen);
    return screen;
  }

  /** Says that the session's key may be used, and waits until prompts can be typed. */
  async function agree(screen: PtyScreen): Promise<void> {
    await screen.shows(question, withinMs);
    screen.type(up);
    await screen.shows(/❯ Yes/, withinMs);
    screen.type(enter);
    await screen.shows(/auto mode/, withinMs);
  }

  async function write(screen: PtyScreen, prompt: string): Promise<void> {
    await screen.shows(/❯/, withinMs);
    screen.type(prompt);
    await screen.shows(new RegExp(`❯.${prompt}`), withinMs);
  }

  async function say(screen: PtyScreen, prompt: string): Promise<void> {
    await write(screen, prompt);
    screen.type(enter);
  }

  /** Waits until the session's own count of requests is so much, and nothing is under way. */
  async function counted(requests: number): Promise<EngineSnapshot['sessions'][number]> {
    const { sessions } = await running.until(
      ({ sessions: [session] }) => session?.requests === requests && session.runningRequests === 0,
      withinMs,
    );
    return sessions[0] ?? assert.fail('It has no session.');
  }

  async function expectMeteredAsServed(requests: number): Promise<void> {
    const { requests: served, answered429, answered401, faults, ...tokens } = upstream.served().total;
    assert.deepEqual([served, answered429, answered401, faults], [requests, 0, 0, 0]);
    assert.deepEqual(Object.keys(upstream.served().byKey), [realKey], 'the upstream sees the real key and no other');
    assert.deepEqual((await counted(requests)).usage, tokens);
  }

  const isHeld = ({ sessions: [session] }: EngineSnapshot): boolean => session?.waitingRequests === 1;

  /** Says something that is held, and looks at the screen for some seconds. */
  async function sayAndWait(screen: PtyScreen, prompt: string): Promise<void> {
    const answers = answersOn(screen);
    await say(screen, prompt);
    await running.until(isHeld, withinMs);
    await screen.shows(working, withinMs);
    for (const endsAt = performance.now() + 4000; performance.now() < endsAt;) {
      await pause(100);
      assert.match(screen.text(), working);
      assert.doesNotMatch(screen.text(), trouble);
    }
    assert.equal(answersOn(screen), answers);
    assert.ok(isHeld(await running.engine.snapshot()), 'it is held still');
  }

  it('asks about a session’s key once for all, answers on screen, and is metered as the upstream counts', async () => {
    const auth = await running.open('first');
    const screen = await onScreen(auth);
    await agree(screen);
    await say(screen, 'say hi');
    await screen.shows(new RegExp(hello), withinMs);
    await expectMeteredAsServed(1);
    await say(screen, 'and again');
    await until(() => answersOn(screen) === 2, 'There is no second answer.');
    await expectMeteredAsServed(2);
    screen.type('/exit\r');
    assert.equal(await screen.exit, 0);
    await running.engine.releaseSession(auth.sessionId);

    const next = await running.open('next');
    assert.notEqual(next.overlay[names.anthropicApiKey], auth.overlay[names.anthropicApiKey]);
    const second = await onScreen(next);
    assert.doesNotMatch(await second.shows(/auto mode/, withinMs), /custom API key/);
    await say(second, 'say hi');
    await second.shows(new RegExp(hello), withinMs);
  });

  it('shows that it works, and no error, while its request is held at a limit, and then the answer', async () => {
    const auth = await running.open('held');
    const screen = await onScreen(auth);
    await agree(screen);
    await running.usePlan(apiKeyPlan({ requestsPerMinute: 1, tokensPerMinute: 1_000_000 }));
    await useUpRequest(auth);
    await sayAndWait(screen, 'say hi');
    await running.usePlan(wide);
    await screen.shows(new RegExp(hello), withinMs);
    assert.doesNotMatch(screen.text(), trouble);
    await expectMeteredAsServed(2);
  });

  it('takes its request out of the line at Esc, and goes on with the next', async () => {
    const auth = await running.open('steered');
    const screen = await onScreen(auth);
    await agree(screen);
    await running.engine.steerSession(auth.sessionId, { paused: true });
    await sayAndWait(screen, 'never mind');
    assert.equal(reservations(), 1);
    screen.type(escape);
    await running.until(({ sessions: [session] }) => session?.waitingRequests === 0, withinMs);
    await until(() => reservations() === 0, 'The request is in the ledger still.');
    await running.engine.steerSession(auth.sessionId, { paused: false });
    // What was not answered is there to be sent again.
    const isEmpty = (): boolean => {
      screen.type(clear);
      return !/esc to interrupt|never mind/.test(screen.text());
    };
    await until(isEmpty, 'The prompt stays.');
    await say(screen, 'say hi');
    await screen.shows(new RegExp(hello), withinMs);
    await expectMeteredAsServed(1);
    await until(() => reservations() === 0, 'Something is held.');
  });

  /** Takes a request from the plan as another client of the session. */
  async function useUpRequest({ overlay }: Auth): Promise<void> {
    const [apiKey, baseURL] = [overlay[names.anthropicApiKey], overlay[names.anthropicBaseUrl]];
    const client = new Anthropic({ apiKey: apiKey ?? '', baseURL: baseURL ?? '', maxRetries: 0 });
    const messages = [{ role: 'user' as const, content: 'hi' }];
    await client.messages.create({ model: 'claude-opus-5-5', max_tokens: 64, messages });
    await counted(1);
  }

  /** How many requests hold quota, or wait for it, by the ledger. */
  function reservations(): number {
    const database = new DatabaseSync(path.join(running.storageDirectory, ledgerFileName), { readOnly: true });
    try {
      return database.prepare('SELECT * FROM reservation').all().length;
    } finally {
      database.close();
    }
  }
});

function answersOn(screen: PtyScreen): number {
  return screen.text().split(hello).length - 1;
}

async function until(condition: () => boolean, otherwise: string): Promise<void> {
  const deadline = performance.now() + withinMs;
  while (!condition()) {
    assert.ok(performance.now() < deadline, otherwise);
    await pause(100);
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
