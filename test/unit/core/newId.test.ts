import assert from 'node:assert/strict';
import { newId } from '../../../src/core/newId.ts';

describe('newId', () => {
  it('is never the same, and never looks like an option', () => {
    const ids = Array.from({ length: 5000 }, newId);
    assert.equal(new Set(ids).size, ids.length);
    assert.ok(ids.every((id) => /^\w[\w-]{20}$/.test(id)));
    assert.ok(ids.some((id) => id.includes('-')));
  });
});
