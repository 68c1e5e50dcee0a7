import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import path from 'node:path';
import { noProxyVariables, noProxyWithLoopback } from '../../shared/noProxy.ts';
import type { AgentCommand } from '../agentProcess.ts';
import { currentDirectory } from '../currentDirectory.ts';
import type { Notice } from '../notice.ts';
import { type ClaudeCall, isClaudeCode, ownArgumentsBegin, readClaudeCall, withSettings } from './claudeCommand.ts';
import type { ClaudeSettings } from './claudeSettings.ts';
import { engineReports } from './engineReports.ts';
import { hookObstacle, observingSettings } from './observingSettings.ts';
import { type GivenSettings, readGivenSettings, readSettingsBeside, type SettingsBeside } from './readSettings.ts';
import { relayVariables } from './relayVariables.ts';
import { type ReportRelay, startReportRelay } from './reportRelay.ts';
import {
  type LauncherProgram,
  posixStatusLineCommand,
  windowsStatusLineCommand,
  windowsStatusLineScript,
} from './statusLineCommand.ts';

/** An agent as it is run, and what goes when it has ended. */
export interface ObservedAgent extends AgentCommand {
  readonly close: () => void;
}

/** Longer settings go into a file: a command line may have some 32,000 characters on Windows, an argument 128 KiB on Linux. */
const longestInline = 16 * 1024;

/**
 * Lets an agent of an observed session be held and heard. For Claude Code that is settings for this one run; whatever
 * stands in the way, the agent runs as it would without.
 * @param observerUrl says where the agent reports now; see `engineMessages`.
 */
export async function observedAgent(
  agent: AgentCommand,
  observerUrl: () => string,
  notice: Notice,
): Promise<ObservedAgent> {
  const plain = { ...agent, close: () => undefined };
  const { command, args, environment, platform } = agent;
  if (!isClaudeCode(command, args)) return plain;
  const skipped = ownArgumentsBegin(command);
  const own = args.slice(skipped);
  const call = readClaudeCall(own);
  if (call === undefined) return plain;
  const place = { environment, platform, home: homedir(), cwd: currentDirectory() };
  const beside = readSettingsBeside(place);
  const given = call.settings === undefined ? noSettings : readGivenSettings(call.settings.value, place);
  const obstacle = obstacleOf(given, beside);
  if (given === undefined || obstacle !== undefined) {
    notice.say(`This agent's turns are not held: ${obstacle ?? 'its --settings cannot be read'}.`);
    return plain;
  }
  try {
    return await withRelay(agent, { call, given, beside, skipped }, observerUrl, notice);
  } catch (error) {
    notice.say(`This agent's turns are not held: ${error instanceof Error ? error.message : String(error)}.`);
    return plain;
  }
}

const noSettings: GivenSettings = { settings: {}, fromFile: false };

function obstacleOf(given: GivenSettings | undefined, beside: SettingsBeside): string | undefined {
  const setting = given === undefined ? undefined : hookObstacle(given.settings);
  const found = setting === undefined ? beside.obstacle : `${setting} in its --settings`;
  return found === undefined ? undefined : `hooks are limited by ${found}`;
}

interface ReadCall {
  readonly call: ClaudeCall;
  readonly given: GivenSettings;
  readonly beside: SettingsBeside;
  /** Arguments that come before Claude Code's own. */
  readonly skipped: number;
}

async function withRelay(
  agent: AgentCommand,
  { call, given, beside, skipped }: ReadCall,
  observerUrl: () => string,
  notice: Notice,
): Promise<ObservedAgent> {
  const { args, environment, platform } = agent;
  // What is drawn on the terminal would be drawn over.
  const tells = call.prints ? notice : undefined;
  const relay = await startReportRelay({
    reports: engineReports(observerUrl),
    onWaiting: (text) => tells?.show(`Waiting (Ctrl+C ends the agent): ${text}`),
    onWaited: () => tells?.clear(),
    onStopped: (reason) => tells?.say(reason),
  });
  const files = new PrivateFiles();
  try {
    const statusLine = given.settings.statusLine ?? beside.statusLine;
    const statusLineCommand = ownStatusLineCommand(platform, files);
    const env = { ...beside.env, ...given.settings.env };
    const settings = observingSettings(given.settings, { relayUrl: relay.url, statusLineCommand, statusLine, env });
    const argument = settingsArgument(settings, given, platform, files);
    return {
      ...agent,
      args: [...args.slice(0, skipped), ...withSettings(args.slice(skipped), call, argument)],
      environment: { ...reachingLoopback(environment, env), ...relayEnvironment(relay, given.settings) },
      close: () => {
        relay.close();
        files.remove();
      },
    };
  } catch (error) {
    relay.close();
    files.remove();
    throw error;
  }
}

function relayEnvironment({ url, key }: ReportRelay, { statusLine }: ClaudeSettings): Record<string, string> {
  return {
    [relayVariables.url]: url,
    [relayVariables.key]: key,
    ...(statusLine !== undefined && { [relayVariables.statusLine]: JSON.stringify(statusLine) }),
  };
}

const proxyVariables = ['HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY'];

/** Claude Code sends hooks of type `http` through whatever proxy is set, also one for `https` alone (2.1.330). */
function reachingLoopback(
  environment: AgentCommand['environment'],
  env: Readonly<Record<string, unknown>>,
): AgentCommand['environment'] {
  const names = [...Object.keys(environment), ...Object.keys(env)];
  if (!names.some((name) => proxyVariables.includes(name.toUpperCase()))) return environment;
  const direct = noProxyWithLoopback(...noProxyVariables.map((name) => environment[name]));
  return { ...environment, ...Object.fromEntries(noProxyVariables.map((name) => [name, direct])) };
}

/** What a file has said may be secret, and all users of the machine may read arguments. */
function settingsArgument(
  settings: ClaudeSettings,
  { fromFile }: GivenSettings,
  platform: NodeJS.Platform,
  files: PrivateFiles,
): string {
  const text = JSON.stringify(settings);
  // Quotes in arguments of a batch file, which npm's `claude` is on Windows, are better not relied on.
  const isInline = !fromFile && platform !== 'win32' && text.length <= longestInline;
  return isInline ? text : files.write('settings.json', text);
}

function ownStatusLineCommand(platform: NodeJS.Platform, files: PrivateFiles): string | undefined {
  const launcher: LauncherProgram = {
    program: process.execPath,
    script: process.argv[1] ?? '',
    isElectron: process.versions['electron'] !== undefined,
  };
  return platform === 'win32'
    ? windowsStatusLineCommand(files.write('status-line.cmd', windowsStatusLineScript(launcher)))
    : posixStatusLineCommand(launcher);
}

/** Files of one run, in a directory that only this user may enter. */
class PrivateFiles {
  #directory: string | undefined;

  write(name: string, text: string): string {
    this.#directory ??= mkdtempSync(path.join(tmpdir(), 'agent-quota-'));
    const file = path.join(this.#directory, name);
    writeFileSync(file, text, { mode: 0o600, flag: 'wx' });
    return file;
  }

  remove(): void {
    if (this.#directory !== undefined) rmSync(this.#directory, { recursive: true, force: true, maxRetries: 3 });
  }
}
