import { homedir } from 'node:os';
import { setImmediate as immediate } from 'node:timers/promises';
import type { ToLauncher } from '../shared/engineMessages.ts';
import { type EnvironmentOverlay, overlayVariables } from '../shared/overlayVariables.ts';
import { launcherVariables } from '../shared/launcherVariables.ts';
import { observerUrlOf } from '../shared/telemetryVariables.ts';
import { agentEnvironment } from './agentEnvironment.ts';
import { type AgentCommand, runAgent } from './agentProcess.ts';
import { claudeEnvironment, leaveSession, processWrapper } from './claudeEnvironment.ts';
import type { BegunRun, EarlyRequest, RunWish } from './beginRun.ts';
import { currentDirectory } from './currentDirectory.ts';
import { ignoredSignals } from './ignoredSignals.ts';
import { type HeldSession, holdSession } from './heldSession.ts';
import { createNotice, type Notice } from './notice.ts';
import { exitLike } from './processExit.ts';
import { chooseTelemetry } from './observed/agentTelemetry.ts';
import { isClaudeCode, ownArgumentsBegin, startsBackground } from './observed/claudeCommand.ts';
import { needsSession } from './sessionNeed.ts';
import { untilRead, wantsNoQuota } from './terminalAnswer.ts';

/** EX_TEMPFAIL of sysexits(3): trying again later may work. */
const refusedExitCode = 75;

/**
 * `agent-quota run`: takes a session, runs the agent in it, gives it back, and ends the process as the agent ended.
 * @param begun what was done before this was loaded.
 */
export async function runUnderQuota(wish: RunWish, begun: BegunRun): Promise<void> {
  const { platform, env } = process;
  const notice = createNotice(process.stderr, env);
  begun.beforeEnd(() => {
    notice.clear();
  });
  const { overlay, session, observerUrl } = await sessionOf(wish, begun.request, notice);
  if (wish.startedBy === 'background') notice.say(`${wish.agentId} runs.`);
  const { command, args } = wish;
  const environment = agentEnvironment(env, overlay, platform);
  const agent = await preparedAgent({ command, args, environment, platform }, observerUrl, notice);
  // Signals that have come while this process was busy come to their turn now: the agent, which is not there yet, has none.
  await immediate();
  const how = { behindShim: wish.startedBy === 'shim', ignored: ignoredSignals(env) };
  const end = await runAgent({ ...agent, ...how, platform }, () => {
    begun.stopListening();
  });
  agent.close();
  await session?.end();
  if (end.kind === 'notStarted') {
    notice.say(end.problem);
    await untilRead(wish, notice);
  }
  exitLike(end, platform, wish.startedBy === 'task' || wish.startedBy === 'background' ? 'code' : 'signal');
}

/** What is added for Claude Code; any other agent is run with the overlay alone. */
async function preparedAgent(
  agent: AgentCommand,
  observerUrl: (() => string) | undefined,
  notice: Notice,
): Promise<AgentCommand & { readonly close: () => void }> {
  const { command, args, environment, platform } = agent;
  if (!isClaudeCode(command, args)) return { ...agent, close: () => undefined };
  const wrapper =
    environment[overlayVariables.sessionId] === undefined ? undefined : processWrapper(process.env, platform);
  const claude = { ...agent, environment: claudeEnvironment(environment, wrapper) };
  const close = await noteBackground(agent);
  if (observerUrl === undefined) return { ...claude, close };
  const { observedAgent } = await import('./observed/observedAgent.ts');
  const observed = await observedAgent(claude, observerUrl, notice);
  return {
    ...observed,
    close: () => {
      close();
      observed.close();
    },
  };
}

/**
 * Lets the background sessions that Claude Code is told to start find the session that they were started in.
 * @returns called when it has ended.
 */
async function noteBackground({ command, args, environment }: AgentCommand): Promise<() => void> {
  const home = process.env[launcherVariables.home] ?? '';
  const { [overlayVariables.sessionId]: sessionId, [overlayVariables.agentId]: agentId } = environment;
  const starts = startsBackground(args.slice(ownArgumentsBegin(command)));
  if (home === '' || sessionId === undefined || agentId === undefined || starts === undefined) return () => undefined;
  const { noteBackgroundStart } = await import('./backgroundStarts.ts');
  const start = { sessionId, agentId, ...(starts === 'some' && { pid: process.pid }) };
  return noteBackgroundStart(home, currentDirectory(), start, Date.now());
}

interface TakenSession {
  readonly overlay: EnvironmentOverlay;
  /** Absent when the agent runs without one. */
  readonly session?: HeldSession;
  /** Says where an observed agent reports now. */
  readonly observerUrl?: () => string;
}

/** Who runs in the session of a terminal or of another agent reports as that does. */
function sharedSession(environment: Readonly<Record<string, string | undefined>>): TakenSession {
  const observerUrl = observerUrlOf(environment);
  return { overlay: {}, ...(observerUrl !== undefined && { observerUrl: () => observerUrl }) };
}

async function sessionOf(wish: RunWish, request: EarlyRequest | undefined, notice: Notice): Promise<TakenSession> {
  if (request !== undefined) return takeSession(wish, request, notice);
  if (!needsSession(wish, process.env)) return sharedSession(process.env);
  notice.say(withoutEngine());
  return { overlay: {} };
}

/** Does not return when there is no slot. */
async function takeSession(wish: RunWish, request: EarlyRequest, notice: Notice): Promise<TakenSession> {
  request.listen({
    onWaiting: (message) => {
      notice.show(waitingText(message));
    },
    onLost: () => {
      notice.show('The window is reloaded or closed; looking for it (Ctrl+C gives up)');
    },
    onReload: () => {
      notice.show('The window reloads or closes; waiting 10 s (Ctrl+C gives up)');
    },
  });
  const answer = await request.answer;
  switch (answer.kind) {
    case 'refused':
      notice.say(`${answer.problem.message} ${answer.problem.nextStep}`);
      await untilRead(wish, notice);
      return process.exit(refusedExitCode);
    case 'unavailable':
      notice.say(`This agent runs without quota: ${answer.reason}. Open a new terminal to try again.`);
      return withoutSession(notice);
    case 'session': {
      const { sessionId, problem, observer } = answer.session;
      notice.clear();
      if (problem !== undefined) notice.say(`${problem.message} ${problem.nextStep}`);
      let observerUrl = observer?.url;
      const session = holdSession(answer.connection, sessionId, request.engine, process.pid, (port) => {
        observerUrl = atPort(observerUrl, port);
      });
      if (problem !== undefined && answer.session.authenticated && (await wantsNoQuota(wish, notice))) {
        await session.end();
        return withoutSession(notice);
      }
      const place = { environment: process.env, platform: process.platform, home: homedir(), cwd: currentDirectory() };
      const { overlay, by } = chooseTelemetry(answer.session.overlay, place, wish.args);
      if (by !== undefined) answer.connection.send({ type: 'observed', sessionId, by });
      if (!answer.session.authenticated) return { ...withoutSession(notice), session };
      return { overlay, session, ...(observer !== undefined && { observerUrl: () => observerUrl ?? observer.url }) };
    }
  }
}

/**
 * An agent without quota is not in the session either that the launcher was started in: it would be counted to somebody else,
 * and its key is dead when that one ends.
 */
function withoutSession(notice: Notice): TakenSession {
  if ((process.env[overlayVariables.sessionId] ?? '') === '') return { overlay: {} };
  notice.say('It is not in the session that it was started in, and may need a key or login of its own.');
  return { overlay: leaveSession(process.env) };
}

/** The session's token stays, whichever engine is asked: the ledger knows it. */
function atPort(url: string | undefined, port: number | undefined): string | undefined {
  return port === undefined ? url : url?.replace(/^http:\/\/127\.0\.0\.1:\d+/, `http://127.0.0.1:${port}`);
}

function withoutEngine(): string {
  const parent = process.env[overlayVariables.sessionId] ?? '';
  return parent === ''
    ? 'This agent runs without quota: this is no terminal of a VS Code window with Agent Quota. Start it in one.'
    : `This agent shares the session of the agent that started it (${parent}).`;
}

function waitingText({ place, running }: ToLauncher & { type: 'waiting' }): string {
  const who = running.length === 0 ? '' : `; running: ${running.join(', ')}`;
  return `Waiting for a free slot, place ${place} in line (Ctrl+C leaves it)${who}`;
}
