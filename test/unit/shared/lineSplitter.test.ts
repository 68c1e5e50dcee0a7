import assert from 'node:assert/strict';
import fc from 'fast-check';
import { createLineSplitter, longestLine } from '../../../src/shared/launcherLines.ts';

describe('line splitter', () => {
  const linesOf = (chunks: readonly string[], longest?: number): (string | undefined)[] => {
    const lines: (string | undefined)[] = [];
    const take = createLineSplitter((line) => lines.push(line), longest);
    for (const chunk of chunks) take(chunk);
    return lines;
  };

  it('finds the same lines however they come', () => {
    const line = fc.string({ maxLength: 12 }).map((text) => text.replaceAll('\n', ' '));
    fc.assert(
      fc.property(fc.array(line), fc.array(fc.nat(20)), (lines, sizes) => {
        let text = lines.map((each) => `${each}\n`).join('');
        const chunks: string[] = [];
        for (const size of sizes) {
          chunks.push(text.slice(0, size));
          text = text.slice(size);
        }
        assert.deepEqual(linesOf([...chunks, text]), lines);
      }),
    );
  });

  it('gives up on a line that is too long, in one piece or in many, and on all that comes after', () => {
    assert.deepEqual(linesOf(['a\n', 'x'.repeat(11), '\nb\n'], 10), ['a', undefined]);
    assert.deepEqual(linesOf(['a\n', ...Array.from('x'.repeat(11)), '\nb\n'], 10), ['a', undefined]);
    assert.deepEqual(linesOf([`${'x'.repeat(10)}\nb\n`], 10), ['x'.repeat(10), 'b']);
    assert.deepEqual(linesOf([`${'x'.repeat(longestLine)}\n${'x'.repeat(longestLine + 1)}\n`]), [
      'x'.repeat(longestLine),
      undefined,
    ]);
  });
});
