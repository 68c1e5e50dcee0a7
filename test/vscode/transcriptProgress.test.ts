import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { commands, settings } from '../../src/contributions.ts';
import { transcriptFileName } from '../../src/transcripts/transcriptHistory.ts';
import { hostDriver } from '../host/driverClient.ts';
import { set, shownNotifications, until, userData } from './quotaWindow.ts';
import { run } from './sessionsScreen.ts';

const driver = hostDriver();
const title = 'Agent Quota reads what Claude Code used before';
const fileCount = 20;
const linesPerFile = 1000;
const tokensPerLine = 3;
/** Of each file: a line that never ends follows its lines. Such files take time to read, and nothing of the disk. */
const fileBytes = 1024 ** 3;

/**
 * Writes transcripts that take so long that the reading can be seen, and given up.
 * @returns cuts them to their lines.
 */
function writeTranscripts(folder: string): () => void {
  mkdirSync(folder, { recursive: true });
  // What is younger than half a minute may be under quota yet, and is not counted.
  const timestamp = new Date(Date.now() - 60_000).toISOString();
  const padding = 'x'.repeat(900);
  let lineBytes = 0;
  for (let file = 0; file < fileCount; file += 1) {
    const lines = Array.from({ length: linesPerFile }, (_, line) => {
      const id = `${10 + file}-${1000 + line}`;
      const usage = { input_tokens: tokensPerLine, output_tokens: 0 };
      const message = { id: `msg_${id}`, model: 'claude-opus-4-5', content: padding, usage };
      return JSON.stringify({ type: 'assistant', timestamp, requestId: `req_${id}`, message });
    });
    writeFileSync(nameOf(folder, file), `${lines.join('\n')}\n`);
    lineBytes = statSync(nameOf(folder, file)).size;
    truncateSync(nameOf(folder, file), fileBytes);
  }
  return () => {
    for (let file = 0; file < fileCount; file += 1) truncateSync(nameOf(folder, file), lineBytes);
  };
}

function nameOf(folder: string, file: number): string {
  return path.join(folder, `large-${10 + file}.jsonl`);
}

function forgetWhatWasRead(): void {
  for (const entry of readdirSync(userData(), { recursive: true, withFileTypes: true }))
    if (entry.name.startsWith(transcriptFileName)) rmSync(path.join(entry.parentPath, entry.name));
}

const remarks = async (): Promise<string> =>
  String(
    await driver.evaluate(`document.querySelector('section:has(.chart)')?.innerText ?? ''`, { within: 'webview' }),
  );

describe('the first reading of transcripts', function () {
  this.timeout(180_000);
  const folder = path.join(process.env['CLAUDE_CONFIG_DIR'] ?? assert.fail(), 'projects', '-large');

  let cut: () => void;

  before(async () => {
    await set(settings.historyTranscripts, false);
    await run('notifications.clearAll');
    cut = writeTranscripts(folder);
    // The thread that has the file open ends a moment after the setting.
    await new Promise((resolve) => setTimeout(resolve, 1000));
    forgetWhatWasRead();
  });
  after(async () => {
    await run('workbench.action.closeAllEditors');
    await run('notifications.clearAll');
    rmSync(folder, { recursive: true, force: true });
    await set(settings.historyTranscripts, undefined);
  });

  it('shows how far it is, ends when the user says so, and goes on without a word when it is asked for', async () => {
    await set(settings.historyTranscripts, true);
    const shown = await until(
      'the progress',
      async () => {
        const text = await shownNotifications();
        return text.includes(title) && /\d+%/.test(text) ? text : undefined;
      },
      60_000,
    );
    assert.equal(shown.split(title).length, 2, 'one notification');
    await driver.screenshot('transcripts-progress');
    await driver.click('.notifications-center .monaco-button:has-text("Cancel")');
    await until('it is gone', async () => !(await shownNotifications()).includes(title));

    await run(commands.showQuotaDetails);
    await until('it says that there is more to come', async () =>
      /Transcripts are being read \(\d/.test(await remarks()),
    );
    cut();
    const total = `${(fileCount * linesPerFile * tokensPerLine) / 1000}k`;
    await until(
      'all of it is there',
      async () => {
        assert.ok(!(await shownNotifications()).includes(title), 'it is not shown again');
        const text = await remarks();
        return !text.includes('being read') && text.includes(total);
      },
      120_000,
    );
  });
});
