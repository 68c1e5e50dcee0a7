/** Environment variables that the launcher is given; none of them reaches the agent. */
export const launcherVariables = {
  /** Path of the socket or named pipe of the window's own engine, which is asked first. */
  socket: 'AGENT_QUOTA_SOCKET',
  /** The directory in which all engines of the user are found, and the secret that their sockets ask for. */
  home: 'AGENT_QUOTA_HOME',
  /** In an agent terminal: the agent's name, and the shell that it runs. */
  agent: 'AGENT_QUOTA_AGENT',
  shell: 'AGENT_QUOTA_SHELL',
  /** Names of the signals that were ignored when the command was started, with spaces between. */
  ignored: 'AGENT_QUOTA_IGNORED',
} as const;

/** The shared ledger's address as a URL; it may hold a password, so no agent is given it. */
export const ledgerAddressVariable = 'AGENT_QUOTA_LEDGER_URL';
