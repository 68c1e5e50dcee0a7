import { launcherVariables } from '../shared/launcherVariables.ts';
import { shimMarker } from '../shared/shimMarker.ts';
import { scriptBeginning } from './scriptBeginning.ts';
import type { ShimTargets } from './shimTargets.ts';

/** The `agent-quota` command for a POSIX shell. */
export function agentQuotaScript(targets: ShimTargets): string {
  return `${scriptBeginning(targets)}${startLauncher('"$@"')}
echo "agent-quota: the extension Agent Quota is not where it was ($launcher). Install it again, or open a new terminal." >&2
exit 127
`;
}

/**
 * The `claude` command for a POSIX shell: the launcher takes a session and runs the `claude` behind this one on PATH.
 * Where the extension is gone, that one is run as it is.
 */
export function claudeScript(targets: ShimTargets): string {
  return `${scriptBeginning(targets)}${startLauncher('run --shim -- claude "$@"')}
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
 * What stands for the user's shell as the program of an agent terminal. It has the shell's own name, by which VS Code knows
 * how to integrate it, and hands on the arguments that VS Code gives it for that.
 */
export function shellScript(targets: ShimTargets): string {
  const { agent, shell } = launcherVariables;
  return `${scriptBeginning(targets)}${startLauncher(`run --terminal --agent="$${agent}" -- "$${shell}" "$@"`)}
exec "$${shell}" "$@"
`;
}

/**
 * Node.js forgets when it starts which signals are ignored, so their names are put into a variable. They are read where no
 * process has to be started for it: so not on macOS, which has no /proc. bash ignores QUIT itself while it runs a script, so
 * that one counts with INT alone; what a script puts in the background ignores both. No other variable is used: the agent
 * may have one of that name. Sources: proc_pid_status(5), `SigIgn`, a mask in which bit n-1 is signal n; POSIX, "Signals and
 * Error Handling" of the shell.
 */
function findIgnored(variable: string): string {
  return `  ${variable}=
  if [ -r /proc/$$/status ]; then
    while IFS= read -r ${variable}; do
      case $${variable} in SigIgn:*) break ;; esac
    done </proc/$$/status
    case $${variable} in *[4567cdef]???) ${variable}="TERM $${variable}" ;; esac
    case $${variable} in
    *[67ef]) ${variable}="INT QUIT $${variable}" ;;
    *[23ab]) ${variable}="INT $${variable}" ;;
    esac
    case $${variable} in *[13579bdf]) ${variable}="HUP $${variable}" ;; esac
    ${variable}=\${${variable}%SigIgn:*}
  fi`;
}

function startLauncher(args: string): string {
  const { home, ignored } = launcherVariables;
  return `if [ -x "$node" ] && [ -f "$launcher" ]; then
  ${home}=\${${home}:-$home}
  ELECTRON_RUN_AS_NODE=1
${findIgnored(ignored)}
  export ${home} ${ignored} ELECTRON_RUN_AS_NODE
  exec "$node" "$launcher" ${args}
fi`;
}
