import assert from 'node:assert/strict';
import { settings as ids } from '../../../src/contributions.ts';
import type { Problem } from '../../../src/core/credentials.ts';
import { apiKeyPlan, maxSubscriptionPlan, type Plan } from '../../../src/core/plan.ts';
import { DailyTokensQuestion } from '../../../src/vscode/dailyTokensQuestion.ts';
import type { ProblemAnswer } from '../../../src/vscode/notices.ts';

const usedUp: Problem = { code: 'day-used-up', severity: 'warning', message: 'Used up.', nextStep: 'Wait.' };

/** A question, and the user who answers it. */
class Asked {
  readonly questions: { readonly text: string; readonly buttons: readonly string[] }[] = [];
  readonly written: [string, unknown][] = [];
  readonly failures: string[] = [];
  readonly kept: Map<string, unknown>;
  readonly set = new Set<string>();
  plan: Plan | undefined = maxSubscriptionPlan();
  /** The number of the button that is pressed; undefined for none. */
  press: number | undefined;
  broken = false;
  /** Whether another window asks in the same moment. */
  askedElsewhere = false;
  answer: ProblemAnswer = () => false;

  constructor(kept = new Map<string, unknown>()) {
    this.kept = kept;
    new DailyTokensQuestion(
      {
        get: (key: string) => kept.get(key),
        update: (key: string, value: unknown) => {
          kept.set(key, value);
          return Promise.resolve();
        },
      } as ConstructorParameters<typeof DailyTokensQuestion>[0],
      {
        isSet: (id) => this.set.has(id),
        set: (id, value) => {
          if (this.broken) return Promise.reject(new Error('settings.json cannot be written'));
          this.written.push([id, value]);
          return Promise.resolve();
        },
      },
      () => this.plan,
      {
        failed: (what) => this.failures.push(what),
        answerWith: (code, answer) => {
          assert.equal(code, 'day-used-up');
          this.answer = answer;
        },
      },
      (text, ...buttons) => {
        this.questions.push({ text, buttons });
        return Promise.resolve(this.press === undefined ? undefined : buttons[this.press]);
      },
      () => Promise.resolve(!this.askedElsewhere),
    );
  }

  async problem(problem = usedUp): Promise<boolean> {
    const taken = this.answer(problem);
    await new Promise((resolve) => setImmediate(resolve));
    return taken;
  }
}

describe('question about the daily tokens', () => {
  it('explains itself and has one button for each answer', async () => {
    const asked = new Asked();
    assert.equal(await asked.problem(), true);
    const [question] = asked.questions;
    assert.match(question?.text ?? '', /10,000 tokens a day .* used up: Claude Code's first request alone .* 12,000/);
    assert.deepEqual(question?.buttons, ['Use 200,000', 'Follow Anthropic', 'Keep 10,000']);
  });

  it('is asked by one window where two have the same reason, and the other says what is wrong', async () => {
    const asked = new Asked();
    asked.askedElsewhere = true;
    assert.equal(await asked.problem(), true);
    assert.deepEqual(asked.questions, [{ text: 'Used up. Wait.', buttons: [] }]);
  });

  it('does what the button says', async () => {
    const expected: readonly (readonly [press: number | undefined, written: [string, unknown][]])[] = [
      [0, [[ids.maxSubscriptionDailyTokens, 200_000]]],
      [1, [[ids.maxSubscriptionLimit, 'reported']]],
      [2, []],
      [undefined, []],
    ];
    for (const [press, written] of expected) {
      const asked = new Asked();
      asked.press = press;
      await asked.problem();
      assert.deepEqual(asked.written, written);
    }
  });

  it('is asked once ever, in whichever window', async () => {
    const asked = new Asked();
    asked.press = 2;
    await asked.problem();
    assert.equal(await asked.problem(), false, 'from then on the problem itself is shown');
    const later = new Asked(asked.kept);
    assert.equal(await later.problem(), false);
    assert.equal(asked.questions.length + later.questions.length, 1);
  });

  it('is not asked for another plan, another problem, or a number that the user has chosen', async () => {
    const asked = new Asked();
    assert.equal(await asked.problem({ ...usedUp, code: 'no-slot' }), false);
    asked.plan = apiKeyPlan();
    assert.equal(await asked.problem(), false);
    asked.plan = maxSubscriptionPlan();
    asked.set.add(ids.maxSubscriptionDailyTokens);
    assert.equal(await asked.problem(), false);
    asked.set.clear();
    assert.equal(await asked.problem(), true);
  });

  it('says so when the setting cannot be written', async () => {
    const asked = new Asked();
    asked.press = 0;
    asked.broken = true;
    await asked.problem();
    assert.deepEqual(asked.failures, ['change what limits the subscription']);
  });
});
