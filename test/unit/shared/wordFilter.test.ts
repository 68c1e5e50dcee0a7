import assert from 'node:assert/strict';
import { matchesWords } from '../../../src/shared/wordFilter.ts';

const session = { texts: ['Baker', undefined, 'claude-opus-5-5'], ids: ['oJltWoWJ_f8My4Zcm5XKW', undefined] };

describe('matchesWords', () => {
  it('finds each word somewhere in what people read, upper or lower case', () => {
    assert.ok(matchesWords('  bAKE OPUS ', session));
    assert.ok(!matchesWords('baker sonnet', session));
    assert.ok(matchesWords(' ', session));
  });

  it('finds an id by its beginning, and not by letters that happen to stand in it', () => {
    assert.ok(matchesWords('ojltwow', session));
    assert.ok(matchesWords('baker oJltWoWJ_f8My4Zcm5XKW', session));
    assert.ok(!matchesWords('tw', session));
  });
});
