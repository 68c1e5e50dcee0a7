import type { LoopbackAnswer } from '../loopback/loopbackAnswer.ts';

const openTerminal = 'open a new agent terminal (command "Agent Quota: New Agent Terminal")';
/** Before each 401 and 403 Claude Code 2.1.330 writes "Please run /login" in its terminal. */
const noLogin = 'Logging in does not help.';

/** What an agent is told about its session and the user's credentials. Only the first three are worth asking again. */
export const sessionAnswers = {
  starting: {
    status: 503,
    type: 'api_error',
    message:
      'Agent Quota is still starting and does not know yet with which Claude API key to send this request. Try again; ' +
      'if this lasts, the command "Agent Quota: Show Log" says why.',
    retry: { afterSeconds: 1 },
  },
  keyCommandFailed: {
    status: 503,
    type: 'api_error',
    message:
      'The command of agentQuota.apiKeyCommand has not given a Claude API key to send this request with, and is run ' +
      'again. Try again in a moment; "Agent Quota: Test Authentication" says what is wrong with it.',
    retry: { afterSeconds: 5 },
  },
  sessionsAway: {
    status: 503,
    type: 'api_error',
    message:
      "Agent Quota goes on without its ledger's file for now, so it does not know this agent's session. Try again in a " +
      'moment; "Agent Quota: Show Status" says what is wrong.',
    retry: { afterSeconds: 5 },
  },
  noKey: {
    status: 401,
    type: 'authentication_error',
    message:
      `This address is Agent Quota's gateway and the request brought no session key. Start the agent where Agent Quota ` +
      `has set its environment: ${openTerminal}.`,
    retry: 'never',
  },
  unknownKey: {
    status: 401,
    type: 'authentication_error',
    message:
      `This address is Agent Quota's gateway and the key of this request is not the key of one of its sessions. Often ` +
      `a shell start-up file (.bashrc, .zshrc, a profile) sets ANTHROPIC_API_KEY again: take it out there, or ` +
      `${openTerminal}. ${noLogin}`,
    retry: 'never',
  },
  endedSession: {
    status: 403,
    type: 'permission_error',
    message: `This agent's session has ended and its key is no longer valid: ${openTerminal}. ${noLogin}`,
    retry: 'never',
  },
  noCredentials: {
    status: 401,
    type: 'authentication_error',
    message:
      'Agent Quota has no Claude API key to send this request with. Run "Agent Quota: Set API Key for This Window", or ' +
      'set ANTHROPIC_API_KEY in the environment that VS Code starts from and reload the window; "Agent Quota: Test ' +
      'Authentication" says what it finds.',
    retry: 'never',
  },
  noLogin: {
    status: 401,
    type: 'authentication_error',
    message:
      `Agent Quota passes this agent's own Claude login on, and the request brought none. Sign in with Claude Code ` +
      `(/login) or set CLAUDE_CODE_OAUTH_TOKEN; an agent that was started with a session key, before logins were ` +
      `routed, has to be started anew: ${openTerminal}.`,
    retry: 'never',
  },
  keyBesideLogin: {
    status: 401,
    type: 'authentication_error',
    message:
      `Agent Quota passes this agent's own Claude login on, and the request brought an API key instead or as well. ` +
      `Often a shell start-up file (.bashrc, .zshrc, a profile) or Claude Code's apiKeyHelper sets it: take it out ` +
      `there. ${noLogin}`,
    retry: 'never',
  },
  loginNotRouted: {
    status: 403,
    type: 'permission_error',
    message:
      `This agent was started while its Claude login was routed through Agent Quota, which is switched off now ` +
      `(agentQuota.subscription.mode): ${openTerminal}. ${noLogin}`,
    retry: 'never',
  },
} as const satisfies Readonly<Record<string, LoopbackAnswer>>;
