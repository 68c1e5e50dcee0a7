import path from 'node:path';
import { claudeBinDirectory } from './claudeBinary.ts';

/**
 * What VS Code is started with on a simulated upstream: the real CLI on its PATH, one key, none of the machine's own
 * credentials, and a home of Claude Code's that is not the user's.
 * @param home holds Claude Code's own folder.
 */
export async function simulatedEnvironment(
  url: string,
  key: string,
  home: string,
): Promise<Record<string, string | undefined>> {
  return {
    PATH: [await claudeBinDirectory(), process.env['PATH']].join(path.delimiter),
    ANTHROPIC_API_KEY: key,
    CLAUDE_API_KEY: undefined,
    ANTHROPIC_BASE_URL: url,
    CLAUDE_BASE_URL: undefined,
    ANTHROPIC_AUTH_TOKEN: undefined,
    CLAUDE_CODE_OAUTH_TOKEN: undefined,
    CLAUDE_CONFIG_DIR: path.join(home, '.claude'),
    DISABLE_AUTOUPDATER: '1',
    CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
  };
}
