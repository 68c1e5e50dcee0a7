import type { Dispatcher } from 'undici';

/** Lets an answer come no faster than all take it whom it goes to. */
export class AnswerFlow {
  #waitsFor = 0;

  /**
   * Lets nothing more come until somebody has taken what came.
   * @param taken calls back when that is so.
   */
  hold(controller: Dispatcher.DispatchController, taken: (goOn: () => void) => void): void {
    if (this.#waitsFor === 0) controller.pause();
    this.#waitsFor += 1;
    taken(() => {
      this.#waitsFor -= 1;
      if (this.#waitsFor === 0) controller.resume();
    });
  }
}
