import { homedir, uptime } from 'node:os';
import { agentIdPattern } from '../shared/agentName.ts';
import { launcherVariables } from '../shared/launcherVariables.ts';
import { type EnvironmentOverlay, overlayVariables } from '../shared/overlayVariables.ts';
import { agentEnvironment } from './agentEnvironment.ts';
import { type BackgroundStart, backgroundStarter } from './backgroundStarts.ts';
import { claudeEnvironment, leaveSession, processWrapper } from './claudeEnvironment.ts';
import { currentDirectory } from './currentDirectory.ts';
import { engineAddress } from './engineAddress.ts';
import { chooseTelemetry } from './observed/agentTelemetry.ts';
import { requestSession } from './sessionRequest.ts';

/** `bg` in background sessions. Source: seen in Claude Code 2.1.330. */
const sessionKind = 'CLAUDE_CODE_SESSION_KIND';
/** Claude Code wants the wrapper to have started its command within three seconds, and Node itself takes its time. */
const answerWithinMs = 1500;

/**
 * `register-process PID ARGUMENT…`, for the process wrapper of Claude Code's background sessions and of its panel: opens a
 * session for a process that has yet to become Claude Code, and prints what its environment is changed by, for a POSIX
 * shell. Whatever fails, the process leaves the session that it was started in, which is not its own: it runs without
 * quota then.
 */
export async function register([pidText = '', ...args]: readonly string[]): Promise<void> {
  const before = process.env;
  const late = setTimeout(() => {
    finish(leaveSession(before));
  }, answerWithinMs);
  const overlay = await sessionOf(Number(pidText), args).catch(() => leaveSession(before));
  clearTimeout(late);
  finish(overlay);
}

async function sessionOf(pid: number, args: readonly string[]): Promise<EnvironmentOverlay> {
  const { env: before, platform } = process;
  const engine = engineAddress();
  if (engine === undefined || !Number.isSafeInteger(pid) || pid <= 0) return leaveSession(before);
  const starter = before[sessionKind] === 'bg' ? backgroundStarterOf(engine.home) : undefined;
  const parentSessionId = starter?.sessionId ?? before[overlayVariables.sessionId] ?? '';
  const name = starter?.agentId ?? before[overlayVariables.agentId] ?? before[launcherVariables.agent] ?? '';
  const answer = await requestSession(
    {
      engine,
      pid,
      agentId: agentIdPattern.test(name) ? name : 'claude',
      cannotWait: true,
      ...(parentSessionId !== '' && { parentSessionId }),
      onWaiting: () => undefined,
      onLost: () => undefined,
    },
    [],
  );
  if (answer.kind !== 'session' || !answer.session.authenticated) return leaveSession(before);
  const { sessionId } = answer.session;
  const place = { environment: before, platform, home: homedir(), cwd: currentDirectory() };
  const { overlay, by } = chooseTelemetry(answer.session.overlay, place, args);
  if (by !== undefined) answer.connection.send({ type: 'observed', sessionId, by });
  answer.connection.closeSoon();
  await answer.connection.closed;
  const left = leaveSession(before);
  const after = claudeEnvironment(
    agentEnvironment(before, { ...left, ...overlay }, platform),
    processWrapper(before, platform),
  );
  return changes(before, after);
}

function backgroundStarterOf(home: string): BackgroundStart | undefined {
  const now = Date.now();
  return backgroundStarter({ home, cwd: currentDirectory(), now, bootedAt: now - uptime() * 1000, isAlive });
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** What makes one environment of another. */
function changes(
  before: Readonly<Record<string, string | undefined>>,
  after: Readonly<Record<string, string>>,
): EnvironmentOverlay {
  const gone = Object.keys(before).filter((name) => !(name in after));
  const set = Object.entries(after).filter(([name, value]) => before[name] !== value);
  return { ...Object.fromEntries(gone.map((name) => [name, null])), ...Object.fromEntries(set) };
}

function finish(overlay: EnvironmentOverlay): void {
  const lines = Object.entries(overlay).map(([name, value]) =>
    value === null ? `unset ${name}` : `export ${name}='${value.replaceAll("'", `'\\''`)}'`,
  );
  process.stdout.write(`${lines.join('\n')}\n`, () => process.exit(0));
}
