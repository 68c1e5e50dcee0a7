import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { markdownTable } from '../../../bench/markdownTable.ts';
import { replaceSection } from '../../../bench/readmeSection.ts';

describe("the benchmarks' README", () => {
  it('has a section replaced and the rest left', () => {
    const text = 'before\n\n<!-- a -->\n\nold\n\n<!-- /a -->\n\nafter\n';
    assert.equal(replaceSection(text, 'a', 'new\n'), 'before\n\n<!-- a -->\n\nnew\n\n<!-- /a -->\n\nafter\n');
    assert.throws(() => replaceSection(text, 'b', 'new'), /no section b/);
  });

  it('has a section for each benchmark', () => {
    const text = readFileSync(new URL('../../../bench/README.md', import.meta.url), 'utf8');
    for (const name of ['bench:quota', 'bench:quota:reality', 'bench:ledger', 'bench:gateway'])
      replaceSection(text, name, '');
  });

  it('has tables with numbers to the right', () => {
    assert.equal(
      markdownTable(
        ['what', 'n'],
        [
          ['one', '1'],
          ['a lot', '1,000'],
        ],
      ),
      ['| what  |     n |', '| ----- | ----: |', '| one   |     1 |', '| a lot | 1,000 |'].join('\n'),
    );
  });
});
