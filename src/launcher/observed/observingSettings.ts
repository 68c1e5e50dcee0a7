import { noProxyVariables, noProxyWithLoopback } from '../../shared/noProxy.ts';
import type { ClaudeSettings } from './claudeSettings.ts';
import { relayVariables } from './relayVariables.ts';

/** Longer than any engine lets an agent wait in line. */
const heldSeconds = 3600;

/** The events that the engine wants to hear of, and how long its answer may take, in seconds. */
const hookEvents = {
  UserPromptSubmit: heldSeconds,
  PreToolUse: heldSeconds,
  Stop: 10,
  StopFailure: 10,
  SessionEnd: 5,
} as const;

/** How often a status line of ours alone is drawn anew, in seconds: what it shows changes while the agent waits. */
const ownRefreshSeconds = 5;

/** What ours are made of. */
export interface ObservingParts {
  /** Of the launcher's relay, without a slash at its end. */
  readonly relayUrl: string;
  /** The status line's command; undefined where none of ours can be run. */
  readonly statusLineCommand: string | undefined;
  /** What Claude Code runs its status line by without us: the strongest of all settings but managed ones. */
  readonly statusLine: ClaudeSettings['statusLine'];
  /** The strongest `env` of all settings below managed ones, variable by variable. */
  readonly env: Readonly<Record<string, unknown>>;
}

/**
 * The user's `--settings` with ours: hooks come behind the user's, the status line takes the place of theirs (and runs
 * it), and where settings say which hosts are reached without a proxy, this machine is one of them. Hooks of type `http`
 * need no process; the key is not among the arguments, which all users of the machine may read. Source: Claude Code
 * documentation, "Hooks" › "HTTP hook fields".
 */
export function observingSettings(own: ClaudeSettings, parts: ObservingParts): ClaudeSettings {
  const { relayUrl, statusLineCommand, statusLine, env } = parts;
  const hooks: Record<string, unknown> = { ...own.hooks };
  for (const [event, timeout] of Object.entries(hookEvents)) {
    const known = hooks[event];
    // What is no list is left for Claude Code to complain of.
    if (known !== undefined && !Array.isArray(known)) continue;
    const hook = {
      type: 'http',
      url: `${relayUrl}/hooks/${event}`,
      headers: { authorization: `Bearer $${relayVariables.key}` },
      allowedEnvVars: [relayVariables.key],
      timeout,
      ...(timeout >= heldSeconds && { statusMessage: 'Waiting for Agent Quota' }),
    };
    hooks[event] = [...((known as readonly unknown[] | undefined) ?? []), { hooks: [hook] }];
  }
  const direct = noProxyVariables.flatMap((name) => {
    const hosts = env[name];
    return typeof hosts === 'string' ? [[name, noProxyWithLoopback(hosts)] as const] : [];
  });
  return {
    ...own,
    hooks,
    ...(statusLineCommand !== undefined && {
      statusLine: {
        ...(statusLine ?? { refreshInterval: ownRefreshSeconds }),
        type: 'command',
        command: statusLineCommand,
      },
    }),
    ...(direct.length > 0 && { env: { ...own.env, ...Object.fromEntries(direct) } }),
  };
}

/** Why hooks of ours would not run, for people; undefined when nothing in these settings keeps them from it. */
export function hookObstacle(settings: ClaudeSettings): string | undefined {
  if (settings.disableAllHooks === true) return 'disableAllHooks';
  const names = ['allowManagedHooksOnly', 'allowedHttpHookUrls', 'httpHookAllowedEnvVars'] as const;
  return names.find((name) => settings[name] !== undefined && settings[name] !== false);
}
