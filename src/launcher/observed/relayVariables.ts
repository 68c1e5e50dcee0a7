/** Variables of an observed agent's environment by which its hooks and status line find the launcher's relay. */
export const relayVariables = {
  /** The relay's URL, without a slash at its end. */
  url: 'AGENT_QUOTA_RELAY',
  /** What the relay asks to be shown. */
  key: 'AGENT_QUOTA_RELAY_KEY',
  /** The `statusLine` of the user's own `--settings`, as JSON; absent when they have none. */
  statusLine: 'AGENT_QUOTA_STATUS_LINE',
} as const;
