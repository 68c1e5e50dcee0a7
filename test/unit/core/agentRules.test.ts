import assert from 'node:assert/strict';
import fc from 'fast-check';
import { limitsOfAgent, type AgentRule } from '../../../src/core/agentRules.ts';
import { scopeOfId, scopesOf } from '../../../src/core/quotaTerms.ts';
import { apiKeyPlan } from '../../../src/core/plan.ts';
import { terms } from '../ledger/terms.ts';
import { propertyRuns } from './propertyRuns.ts';

function matches(pattern: string, name: string): boolean {
  return limitsOfAgent([{ pattern, limits: { weight: 7 } }], name).weight === 7;
}

/** The same by a regular expression: slower, and plain. */
function modelMatches(pattern: string, name: string): boolean {
  const source = Array.from(pattern)
    .map((character) => {
      if (character === '*') return '[^]*';
      return character === '?' ? '[^]' : character.replace(/[\\^$.|+()[\]{}]/g, '\\$&');
    })
    .join('');
  return new RegExp(`^${source}$`).test(name);
}

const letters = fc.constantFrom('a', 'b', '.', '-', '/', '@', '(', '\\', '^', '$', '+', '[');
const names = fc.array(letters, { maxLength: 12 }).map((parts) => parts.join(''));
const patterns = fc
  .array(fc.oneof(letters, fc.constantFrom('*', '?', '*')), { maxLength: 10 })
  .map((parts) => parts.join(''));

describe('rules for agents', () => {
  it('match as a regular expression would, whatever the characters', () => {
    fc.assert(
      fc.property(patterns, names, (pattern, name) => {
        assert.equal(matches(pattern, name), modelMatches(pattern, name));
      }),
      propertyRuns,
    );
  });

  it('match every name that a pattern was made from', () => {
    const step = fc.tuple(fc.constantFrom('itself', '*', '?'), names);
    fc.assert(
      fc.property(fc.array(step, { maxLength: 6 }), (steps) => {
        const pattern = steps.map(([how, part]) => (how === '?' ? '?'.repeat(part.length) : how === '*' ? '*' : part));
        assert.ok(matches(pattern.join(''), steps.map(([, part]) => part).join('')));
      }),
      propertyRuns,
    );
  });

  for (const [pattern, name, expected] of [
    ['*', '', true],
    ['', '', true],
    ['', 'a', false],
    ['?', '', false],
    ['batch-*', 'batch-', true],
    ['batch-*', 'my-batch-1', false],
    ['*-1', 'batch-1-1', true],
    ['a*b*c', 'abbbbcbc', true],
    ['a*b*c', 'abbbbcb', false],
    ['*a?', 'aaab', true],
    ['BATCH', 'batch', false],
    ['team/*', 'team/agent-1', true],
  ] as const) {
    it(`say that “${pattern}” ${expected ? 'is' : 'is not'} “${name}”`, () => {
      assert.equal(matches(pattern, name), expected);
    });
  }

  it('take no longer for a pattern that is made to take long', () => {
    const begun = performance.now();
    assert.equal(matches(`${'*a'.repeat(200)}b`, 'a'.repeat(20_000)), false);
    assert.ok(performance.now() - begun < 10_000);
  });

  it('are those of the first that matches, and none without', () => {
    const rules: AgentRule[] = [
      { pattern: 'a*', limits: { weight: 2 } },
      { pattern: '*', limits: { tokensPerDay: 5 } },
    ];
    assert.deepEqual(limitsOfAgent(rules, 'ab'), { weight: 2 });
    assert.deepEqual(limitsOfAgent(rules, 'b'), { tokensPerDay: 5 });
    assert.deepEqual(limitsOfAgent([], 'b'), {});
    assert.deepEqual(limitsOfAgent([{ pattern: 'x', limits: { weight: 2 } }], 'b'), {});
  });
});

describe('the limits that a request comes under', () => {
  const plan = apiKeyPlan();

  function kinds(agentId: string, model: string | undefined, limits: AgentRule['limits']): string[] {
    const given = terms(plan, { planId: 'plan', agents: [{ pattern: 'a*', limits }] });
    return scopesOf(given, agentId, model).map(({ id }) => id);
  }

  it('are the plan’s, its model group’s when that is known, and its agent’s where the settings limit it', () => {
    assert.deepEqual(kinds('a', 'claude-opus-4-1', { tokensPerDay: 1 }), ['plan', 'plan/model/opus-4', 'plan/agent/a']);
    assert.deepEqual(kinds('a', undefined, { requestsPerMinute: 1 }), ['plan', 'plan/agent/a']);
    assert.deepEqual(kinds('a', undefined, { weight: 2, concurrentSessions: 1 }), ['plan']);
    assert.deepEqual(kinds('b', undefined, { tokensPerMinute: 1 }), ['plan']);
  });

  it('are found again by their ids, whatever is in an agent’s name', () => {
    const agents: AgentRule[] = [{ pattern: 'team/agent/model', limits: { tokensPerMinute: 3 } }];
    const given = terms(plan, { planId: 'plan', agents });
    for (const scope of scopesOf(given, 'team/agent/model', 'claude-opus-5')) {
      assert.deepEqual(scopeOfId(given, scope.id), scope);
    }
    assert.equal(scopesOf(given, 'team/agent/model', 'claude-opus-5').length, 3);
  });
});
