import { launcherVariables } from '../shared/launcherVariables.ts';
import { launcherVerbs } from '../shared/launcherVerbs.ts';
import { overlayVariables } from '../shared/overlayVariables.ts';
import { type ShimTargets } from './shimTargets.ts';
import { shimMarker } from '../shared/shimMarker.ts';

/** The `agent-quota` command for a POSIX shell. */
export function agentQuotaScript(targets: ShimTargets): string {
  return `${beginning(targets)}${startLauncher('"$@"')}
echo "agent-quota: the extension Agent Quota is not where it was ($launcher). Install it again, or open a new terminal." >&2
exit 127
`;
}

/**
 * The `claude` command for a POSIX shell: the launcher takes a session and runs the `claude` behind this one on PATH.
 * Where the extension is gone, that one is run as it is.
 */
export function claudeScript(targets: ShimTargets): string {
  return `${beginning(targets)}${startLauncher('run --shim -- claude "$@"')}
# An empty entry is the current directory, and splitting drops the last one.
path=$PATH:
IFS=:
set -f
for directory in $path; do
  program=\${directory:-.}/claude
  [ -f "$program" ] && [ -x "$program" ] || continue
  second=
  { IFS= read -r first; IFS= read -r second; } <"$program" 2>/dev/null
  case $second in
  *${shimMarker}*) ;;
  *)
    unset IFS
    exec "$program" "$@"
    ;;
  esac
done
echo "claude: not found" >&2
exit 127
`;
}

/**
 * What Claude Code starts its background service and background sessions through (`CLAUDE_CODE_PROCESS_WRAPPER`): each
 * session of Claude Code becomes one of ours, the service and the terminals that it keeps do not. It ends in `exec`, prints
 * nothing and drops no argument. Warm spares are not started: what becomes of one speaks with the key that the service was
 * started with, so it would be counted to somebody else's session; Claude Code starts its sessions without them then. Source:
 * Claude Code documentation, "Corporate launcher"; seen in Claude Code 2.1.330.
 */
export function processWrapperScript(targets: ShimTargets): string {
  const { home } = launcherVariables;
  return `${beginning(targets)}role=session
before=
for argument do
  case $argument in
  --bg-pty-host) role=terminal ;;
  --bg-spare) role=spare ;;
  run) [ "$before" = daemon ] && role=service ;;
  esac
  before=$argument
done
if [ -x "$node" ] && [ -f "$launcher" ]; then
  case $role in
  spare) [ -n "$${overlayVariables.sessionId}" ] && exit 1 ;;
  session)
    changes=$(${home}="\${${home}:-$home}" ELECTRON_RUN_AS_NODE=1 "$node" "$launcher" ${launcherVerbs.register} $$ "$@" 2>/dev/null </dev/null) &&
      eval "$changes"
    ;;
  esac
fi
exec "$@"
`;
}

/**
 * What stands for the user's shell as the program of an agent terminal. It has the shell's own name, by which VS Code knows
 * how to integrate it, and hands on the arguments that VS Code gives it for that.
 */
export function shellScript(targets: ShimTargets): string {
  const { agent, shell } = launcherVariables;
  return `${beginning(targets)}${startLauncher(`run --terminal --agent="$${agent}" -- "$${shell}" "$@"`)}
exec "$${shell}" "$@"
`;
}

/** The marker is in the second line, where {@link claudeScript} looks for it. */
function beginning({ version, node, launcher, home }: ShimTargets): string {
  return `#!/bin/sh
# ${shimMarker} ${version}: written by the extension Agent Quota, which writes it again.
node=${quoted(node)}
launcher=${quoted(launcher)}
home=${quoted(home)}
`;
}

function startLauncher(args: string): string {
  const { home } = launcherVariables;
  return `if [ -x "$node" ] && [ -f "$launcher" ]; then
  ${home}=\${${home}:-$home}
  ELECTRON_RUN_AS_NODE=1
  export ${home} ELECTRON_RUN_AS_NODE
  exec "$node" "$launcher" ${args}
fi`;
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
