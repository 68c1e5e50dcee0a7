/**
 * Where an API key may be from beside an environment variable, whose name says it: what follows "the key from". A key
 * of the window goes before one of the command, that before the environment's, and any key before a login.
 */
export const keySources = {
  window: '"Set API Key for This Window"',
  command: 'the command of agentQuota.apiKeyCommand',
} as const;

/** How the user gives another key than the one from this source, to end a next step with. */
export function howToGiveAnother(source: string): string {
  switch (source) {
    case keySources.window:
      return 'or set another with "Agent Quota: Set API Key for This Window"';
    case keySources.command:
      return 'or have the command print another: it is run again after a rejection';
    default:
      return 'then reload the window';
  }
}
