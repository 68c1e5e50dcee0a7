import assert from 'node:assert/strict';
import fc from 'fast-check';
import { shortIds } from '../../../src/launcher/shortIds.ts';

describe('short ids', () => {
  it('have eight characters, and more only where ids begin alike', () => {
    const ids = ['V1StGXR8_Z5jdHi6B-myT', 'session-1', 'session-12', 'x'];
    assert.deepEqual([...shortIds(ids).values()].sort(), ['V1StGXR8', 'session-1', 'session-12', 'x']);
  });

  it('mean one id each, or are the whole id', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.string({ unit: fc.constantFrom('a', 'b', '-'), maxLength: 14 })), (ids) => {
        for (const [id, short] of shortIds(ids)) {
          const meant = ids.filter((each) => each.startsWith(short));
          assert.ok(id.startsWith(short) && (meant.length === 1 || short === id));
        }
      }),
    );
  });
});
