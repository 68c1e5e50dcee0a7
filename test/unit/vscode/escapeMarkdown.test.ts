import assert from 'node:assert/strict';
import { escapeMarkdown } from '../../../src/vscode/escapeMarkdown.ts';

describe('text in Markdown', () => {
  it('is no markup', () => {
    assert.equal(
      escapeMarkdown('[a](command:x) **b**\n| $(c) <d> & `e`'),
      '\\[a\\]\\(command:x\\) \\*\\*b\\*\\* \\| \\$\\(c\\) &lt;d&gt; &amp; \\`e\\`',
    );
  });

  it('is no link where it is an address', () => {
    const written: Readonly<Record<string, string>> = {
      'https://evil.example/reset': 'https\\://evil.example/reset',
      'FTP://evil.example': 'FTP\\://evil.example',
      'see www.evil.example': 'see www\\.evil.example',
      'WWW.evil.example': 'WWW\\.evil.example',
      'reset@evil.example': 'reset\\@evil.example',
      'mailto:reset@evil.example': 'mailto:reset\\@evil.example',
    };
    for (const [text, markdown] of Object.entries(written)) assert.equal(escapeMarkdown(text), markdown);
  });

  it('stays what it is otherwise', () => {
    assert.equal(escapeMarkdown('agent:1/review.ts at 10:30'), 'agent:1/review.ts at 10:30');
  });
});
