import type { CommandName } from './commandNames.ts';

/** What `agent-quota --help` prints. */
export const usageText = `Runs agents under quota, and shows and manages what runs.

Usage:
  agent-quota COMMAND [OPTION...]

Commands:
  run          runs an agent in a session of its own: agent-quota run -- claude
  status       shows the plan, its health, and what to do about what is wrong
  quota        shows each limit: what is used and left, and when it is reset
  sessions     lists sessions and their subagents, and who waits for a slot
  test         tests the credentials with one real call that costs no tokens
  cleanup      ends sessions without a process, frees slots of those that do nothing
  release ID   ends a session: its key is dead at once
  ledger       makes, checks and limits a ledger that several machines share

Options:
  --json           prints one JSON document (all commands but run)
  -h, --help       prints this, or behind a command, what there is to know of it
  -V, --version    prints the version

Exit codes: 0 fine, 1 the answer is bad news, 64 bad usage, 69 nobody to ask;
those of run are in agent-quota run --help.
NO_COLOR=1 switches colours off, FORCE_COLOR=1 on.
`;

const json = `  --json           prints one JSON document; also for what goes wrong
  -h, --help       prints this`;
const noEngine = `64 bad usage, 69 no engine to ask`;

const texts: Readonly<Record<CommandName, string>> = {
  run: `Runs an agent in a session of its own, under quota.

Usage:
  agent-quota run [--agent NAME] [--wait SECONDS] -- COMMAND [ARGUMENT...]

  --agent NAME     the agent's name on screen; the command's own name by default
  --wait SECONDS   how long to wait in line for a free slot: 0 for not at all,
                   without end by default
  -h, --help       prints this

The agent ends with its own exit code. Others are: 64 bad usage, 75 no free slot, or
the window was closed while the agent waited for one, 126 the command cannot be run,
127 the command was not found, 130 Ctrl+C while waiting in line.

Example:
  agent-quota run --agent reviewer -- claude -p "Review the last commit"
`,
  status: `Shows the engine, the plan, its health, and what to do about what is wrong.

Usage:
  agent-quota status [--json]

${json}

Exit codes: 0 healthy (there may be warnings), 1 something is wrong,
${noEngine}.
`,
  quota: `Shows each limit of the plan: what is used and left of it, and when it is reset.

Usage:
  agent-quota quota [--json]

${json}

Where Anthropic reports a limit of your key or subscription, "reported by Anthropic"
says so. A terminal that is too narrow for all columns gets fewer.

Exit codes: 0 there is quota left, 1 a limit is used up,
${noEngine}.
`,
  sessions: `Lists the live sessions of all windows with their subagents, and who waits for a slot.

Usage:
  agent-quota sessions [--json]

${json}

  STATE      working: a request is being answered; waiting: one waits for quota;
             ready: none now; idle: has given its slot back until its next request
  MODE       routed: through the gateway; observed: directly, with its own login
  REQS       requests that were answered; WAIT: requests that wait for quota now
  IN, OUT    tokens without the prompt cache; CACHE: read from or written to it

  AGE        of a session; of a subagent, how long ago its last request was

A session's tokens include those of its subagents. A terminal that is too narrow for
all columns gets fewer.

Exit codes: 0 fine, ${noEngine}.
`,
  test: `Tests the credentials with one real call that costs no tokens.

Usage:
  agent-quota test [--json]

${json}

A subscription login is Claude Code's own: it is seen, and not used.

Exit codes: 0 the credentials work, 1 they do not,
${noEngine}.
`,
  cleanup: `Ends sessions whose process is gone, and takes the slots of those that have made no
request for as long as the setting agentQuota.inactivityMinutes says.

Usage:
  agent-quota cleanup [--json]

${json}

Exit codes: 0 done, ${noEngine}.
`,
  release: `Ends a session: its key is dead at once and its slot is free. Its process goes on.

Usage:
  agent-quota release ID [--json]

  ID               the beginning of a session's id (agent-quota sessions lists them),
                   or an agent's name; it must mean one session alone
${json}

Exit codes: 0 released, 1 no such session, or more than one,
${noEngine}.

Example:
  agent-quota release reviewer
`,
  ledger: `Makes, checks and limits the ledger in PostgreSQL that several machines share.

Usage:
  agent-quota ledger init [--members ROLE] [--json]
  agent-quota ledger check [--json]
  agent-quota ledger limits [PLAN [--scope SCOPE] [LIMIT...] [--role ROLE]]
                            [--lease-seconds N] [--json]

  init             makes the ledger's schema, or brings it up to date, as an
                   administrator; and the role that its users become members of
  check            says what keeps this machine from using it, and the next step
  limits           shows the limits, or sets them; for who made the ledger

  --members ROLE   the members' role; agent_quota_members by default
  --requests-per-minute N, --tokens-per-minute N, --input-tokens-per-minute N,
  --output-tokens-per-minute N, --tokens-per-day N, --slots N
                   a limit of all machines together; none takes it away
  --scope SCOPE    a part of the plan: model/GROUP or agent/NAME
  --role ROLE      whose members may use the plan
  --lease-seconds N
                   how long a machine may go on without the database, for all plans
${json}

The database is the one that AGENT_QUOTA_LEDGER_URL names, or PGHOST, PGDATABASE and
so on. Its password belongs in ~/.pgpass. The command of the setting
agentQuota.sharedLedger.addressCommand is run by windows alone.

Exit codes: 0 fine, 1 something is wrong, 64 bad usage, 69 no database to ask.

Example:
  agent-quota ledger limits ApiKey-1a2b3c --tokens-per-minute 400000 --slots 20
`,
};

/** What `agent-quota COMMAND --help` prints. */
export function commandUsageText(command: CommandName): string {
  return texts[command];
}
