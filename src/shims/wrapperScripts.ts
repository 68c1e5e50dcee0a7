import { launcherVariables } from '../shared/launcherVariables.ts';
import { launcherVerbs } from '../shared/launcherVerbs.ts';
import { informingOptions, managingCommands } from '../shared/managingCommands.ts';
import { quotedForShell, scriptBeginning } from './scriptBeginning.ts';
import type { ShimTargets } from './shimTargets.ts';

/**
 * What Claude Code starts its background service and background sessions through (`CLAUDE_CODE_PROCESS_WRAPPER`): each
 * session of Claude Code becomes one of ours, the service and the terminals that it keeps do not. It ends in `exec`, prints
 * nothing and drops no argument. Warm spares are not started: what becomes of one speaks with what the service was
 * started with, so it would be counted to somebody else's session, or to none; Claude Code starts its sessions without them
 * then. Source: Claude Code documentation, "Corporate launcher"; seen in Claude Code 2.1.330.
 */
export function processWrapperScript(targets: ShimTargets): string {
  return `${scriptBeginning(targets)}role=session
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
  spare) exit 1 ;;
  session)
    ${register()}
    ;;
  esac
fi
exec "$@"
`;
}

/** The name of agents that the panel starts, where nothing else names them. */
export const panelAgent = 'claude-panel';

/**
 * What the panel of Claude Code's extension for VS Code starts its processes through (`claudeCode.claudeProcessWrapper`): it
 * is given the program of Claude Code and its arguments, and becomes that. The extension also has Claude Code's commands
 * that ask no model run this way, which get no session. Where Agent Quota is gone, it only runs what it is given. Source:
 * Claude Code documentation, "Use Claude Code in VS Code", `claudeProcessWrapper`.
 * @param own the user's own wrapper, absolute path: it is started with the same arguments.
 */
export function panelWrapperScript(targets: ShimTargets, own: string | undefined): string {
  const needless = [...managingCommands, ...informingOptions].join(' | ');
  return `${scriptBeginning(targets)}own=${quotedForShell(own ?? '')}
command=$2
# The program may be a script, behind the Node.js that runs it.
case $command in
*.js | *.cjs | *.mjs) command=$3 ;;
esac
case $command in
${needless}) ;;
*)
  if [ -x "$node" ] && [ -f "$launcher" ]; then
    ${register(`${launcherVariables.agent}=${panelAgent} `)}
  fi
  ;;
esac
[ -n "$own" ] && [ -x "$own" ] && exec "$own" "$@"
exec "$@"
`;
}

/** Takes a session for this process, and changes its environment by what the launcher prints. */
function register(variables = ''): string {
  const { home } = launcherVariables;
  return `changes=$(${variables}${home}="\${${home}:-$home}" ELECTRON_RUN_AS_NODE=1 "$node" "$launcher" ${launcherVerbs.register} $$ "$@" 2>/dev/null </dev/null) &&
      eval "$changes"`;
}
