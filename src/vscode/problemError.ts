import type { Problem } from '../core/credentials.ts';

/** An error that is written for people: thrown by a command's handler, it is shown with its next step. */
export class ProblemError extends Error {
  override readonly name = 'ProblemError';
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(problem.message);
    this.problem = problem;
  }
}
