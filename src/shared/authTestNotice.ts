import type { AuthTestAnswer } from './launcherAnswers.ts';

/** What a test of the credentials showed, in words. */
export interface AuthTestNotice {
  readonly severity: 'information' | 'warning' | 'error';
  readonly text: string;
}

export function authTestNotice(result: AuthTestAnswer): AuthTestNotice {
  switch (result.kind) {
    case 'works':
      return {
        severity: 'information',
        text: `The key from ${result.source} works: ${result.endpoint} answered in ${Math.round(result.latencyMs)} ms.`,
      };
    case 'subscription':
      return {
        severity: 'information',
        text:
          `A Claude subscription login was found (${result.source}). It is Claude Code's own and is not used here` +
          (result.mode === 'routed' ? ', and the way by which your agents’ requests carry it is clear; ' : '; ') +
          'to try it, run claude in a new agent terminal.',
      };
    case 'fails': {
      const where = result.endpoint === undefined ? '' : ` (${result.endpoint})`;
      return {
        severity: result.problem.severity,
        text: `Authentication does not work${where}: ${result.problem.message} ${result.problem.nextStep}`,
      };
    }
  }
}
