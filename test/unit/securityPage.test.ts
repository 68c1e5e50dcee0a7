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

  it('is where the README leads', () => {
    assert.ok(readFileSync(path.join(root, 'README.md'), 'utf8').includes('](docs/security.md)'));
  });
});
