import { type LoopbackAnswer } from '../loopback/loopbackAnswer.ts';

const openTerminal = 'open a new agent terminal (command "Agent Quota: New Agent Terminal")';
/** Before each 401 and 403 Claude Code 2.1.330 writes "Please run /login" in its terminal. */
const noLogin = 'Logging in does not help.';

/** What an agent is told about its session and the user's credentials. None of them is worth asking again. */
export const sessionAnswers = {
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
} as const satisfies Readonly<Record<string, LoopbackAnswer>>;
