/** What `agent-quota --help` prints. */
export const usageText = `Runs an agent under quota.

Usage:
  agent-quota run [--agent NAME] [--wait SECONDS] -- COMMAND [ARGUMENT...]

  --agent NAME     the agent's name on screen; the command's own name by default
  --wait SECONDS   how long to wait in line for a free slot: 0 for not at all, without end by default
  -h, --help       prints this
  -V, --version    prints the version

The agent ends with its own exit code. Others are: 64 bad usage, 75 no free slot, or
the window was closed while the agent waited for one, 126 the command cannot be run,
127 the command was not found, 130 Ctrl+C while waiting in line.

Example:
  agent-quota run --agent reviewer -- claude -p "Review the last commit"
`;
