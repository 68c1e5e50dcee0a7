import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';

const root = path.resolve(import.meta.dirname, '..', '..');

describe('docs/security.md', () => {
  it('names only tests that exist', () => {
    const page = readFileSync(path.join(root, 'docs', 'security.md'), 'utf8');
    const named = [...page.matchAll(/`(test\/\S+\.test\.ts)? ?› ([^`]+)`/g)];
    let file = '';
    for (const [, nextFile, title = ''] of named) {
      file = nextFile ?? file;
      // A title in the source may be quoted, begin a longer one, or be made of a case's name.
      assert.ok(readFileSync(path.join(root, file), 'utf8').includes(title), `${file} › ${title}`);
    }
    assert.ok(named.length > 50);
  });

  it('has all that a member of the shared ledger must not do', () => {
    const page = readFileSync(path.join(root, 'docs', 'security.md'), 'utf8');
    const source = readFileSync(path.join(root, 'test', 'unit', 'postgres', 'members.test.ts'), 'utf8');
    // Of a title that is made of a case's name, its beginning.
    const titles = [...source.matchAll(/ it\(['`](.+?) ?(?:\$\{|['`],)/g)].map(([, title = '']) => title);
    assert.ok(titles.length > 10);
    for (const title of titles) assert.ok(page.includes(`› ${title}\``), title);
  });

  it('is where the README leads', () => {
    assert.ok(readFileSync(path.join(root, 'README.md'), 'utf8').includes('](docs/security.md)'));
  });
});
