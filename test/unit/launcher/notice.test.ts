import assert from 'node:assert/strict';
import { createNotice, type NoticeStream } from '../../../src/launcher/notice.ts';

describe('notices of the launcher', () => {
  const record = (isTTY: boolean): { stream: NoticeStream; text: () => string } => {
    const written: string[] = [];
    const stream = { isTTY, columns: 40, write: (text: string) => written.push(text) };
    return { stream, text: () => written.join('') };
  };

  it('are plain lines, one for each change, where there is no terminal', () => {
    const { stream, text } = record(false);
    const notice = createNotice(stream, {});
    for (const place of [2, 2, 1]) notice.show(`place ${place}`);
    notice.clear();
    notice.say('bad\nname\u001b[31m');
    assert.equal(text(), 'agent-quota: place 2\nagent-quota: place 1\nagent-quota: bad name [31m\n');
  });

  it('replace one another on a terminal, and never wrap', () => {
    const { stream, text } = record(true);
    const notice = createNotice(stream, { NO_COLOR: '1' });
    notice.show('x'.repeat(100));
    notice.clear();
    notice.clear();
    assert.equal(text(), `\r\u001b[2Kagent-quota: ${'x'.repeat(26)}\r\u001b[2K`);
  });

  it('have colour on a terminal only, and not where it is unwanted', () => {
    for (const [isTTY, environment, expected] of [
      [true, {}, true],
      [true, { NO_COLOR: '' }, true],
      [true, { NO_COLOR: '1' }, false],
      [true, { TERM: 'dumb' }, false],
      [false, {}, false],
    ] as const) {
      const { stream, text } = record(isTTY);
      createNotice(stream, environment).say('hello');
      assert.equal(text().includes('\u001b[33m'), expected);
    }
  });
});
