import assert from 'node:assert/strict';
import { contextKeys } from '../../../src/contributions.ts';
import { ClaudePanel, type ClaudePanelParts, type PanelSetting } from '../../../src/vscode/claudePanel.ts';
import { ProblemError } from '../../../src/vscode/problemError.ts';

const setting = 'claudeCode.claudeProcessWrapper';
const put = 'Put Under Quota';
const ours = '/home/me/.agent-quota/1234abcd/claude-panel-wrapper';

/** A window with Claude Code's extension, and the user who is asked. */
class Window {
  readonly values = new Map<string, unknown>();
  readonly context = new Map<string, unknown>();
  readonly kept = new Map<string, unknown>();
  readonly suggested: string[] = [];
  readonly asked: string[] = [];
  readonly told: string[] = [];
  readonly failures: unknown[] = [];
  readonly programs = new Set(['/opt/own']);
  answer: string | undefined;
  isInstalled = true;
  refuses = false;
  claims = true;
  remembered: (PanelSetting & { ours: string }) | undefined;

  panel(platform: NodeJS.Platform = 'linux'): ClaudePanel {
    return new ClaudePanel({
      platform,
      memory: {
        panelChange: () => Promise.resolve(this.remembered),
        beginPanel: (had, before) => {
          this.remembered = { ours, had, before };
          return Promise.resolve(ours);
        },
        endPanel: () => {
          this.remembered = undefined;
          return Promise.resolve();
        },
      },
      window: {
        isInstalled: () => this.isInstalled,
        userValue: (id) => this.values.get(id),
        set: (id, value) => {
          if (this.refuses) return Promise.reject(new Error('settings.json has errors'));
          if (value === undefined) this.values.delete(id);
          else this.values.set(id, value);
          return Promise.resolve();
        },
        setContext: (key, value) => this.context.set(key, value),
        isProgram: (file) => Promise.resolve(this.programs.has(file)),
        suggest: (text) => {
          this.suggested.push(text);
          return Promise.resolve(this.answer);
        },
        ask: (text, detail) => {
          this.asked.push(`${text} ${detail}`);
          return Promise.resolve(this.answer);
        },
        tell: (text) => this.told.push(text),
      },
      notices: { failed: (what, cause) => this.failures.push([what, cause]) },
      asked: {
        get: (key: string) => this.kept.get(key),
        update: (key: string, value: unknown) => {
          this.kept.set(key, value);
          return Promise.resolve();
        },
      } as ClaudePanelParts['asked'],
      claim: () => Promise.resolve(this.claims),
    });
  }
}

describe("the panel of Claude Code's extension", () => {
  let window: Window;
  beforeEach(() => {
    window = new Window();
  });
  const shown = (): unknown[] => [
    window.context.get(contextKeys.panelOffered),
    window.context.get(contextKeys.panelChanged),
  ];

  it('is nothing to ask about where it is not installed', async () => {
    window.isInstalled = false;
    await window.panel().consider();
    assert.deepEqual([window.suggested, window.told, shown()], [[], [], [false, false]]);
  });

  it('is asked about once, by one window, with what is changed and how to undo it', async () => {
    window.claims = false;
    await window.panel().consider();
    assert.equal(window.suggested.length, 0);
    window.claims = true;
    await window.panel().consider();
    await window.panel().consider();
    assert.equal(window.suggested.length, 1);
    for (const part of [setting, 'in your user settings', "Take Claude Code's Panel Out of Quota", 'uninstalling'])
      assert.ok(window.suggested[0]?.includes(part), part);
    assert.equal(window.values.size, 0, 'no answer is no consent');
    assert.deepEqual(shown(), [true, false]);
  });

  it('is not asked about where it runs in a terminal, or on Windows, where it is said why', async () => {
    window.values.set('claudeCode.useTerminal', true);
    await window.panel().consider();
    window.values.clear();
    await window.panel('win32').consider();
    assert.deepEqual(window.suggested, []);
    await assert.rejects(window.panel('win32').put(), (error) => {
      assert.ok(error instanceof ProblemError);
      assert.match(
        `${error.problem.message} ${error.problem.nextStep}`,
        /only programs \(\.exe\).*claudeCode\.useTerminal/,
      );
      return true;
    });
    assert.equal(window.values.size, 0);
  });

  it('is put under quota with consent, and taken out again', async () => {
    await window.panel().put();
    assert.deepEqual([window.asked.length, window.values.size], [1, 0]);
    window.answer = put;
    await window.panel().consider();
    assert.equal(window.values.get(setting), ours);
    assert.deepEqual(shown(), [false, true]);
    await window.panel().put();
    assert.equal(window.asked.length, 1, 'it is told that it is, instead of asked');
    await window.panel().undo();
    assert.deepEqual([window.values.size, window.remembered, shown()], [0, undefined, [true, false]]);
    await window.panel().consider();
    assert.equal(window.suggested.length, 1, 'who has undone it is not asked again');
  });

  for (const own of ['/opt/own', '']) {
    it(`keeps the user's own ${JSON.stringify(own)}, and puts it back`, async () => {
      window.answer = put;
      window.values.set(setting, own);
      await window.panel().put();
      assert.equal(window.values.get(setting), ours);
      assert.deepEqual(window.remembered, { ours, had: true, before: own });
      assert.equal(window.asked[0]?.includes('starts your own, /opt/own, in turn'), own !== '');
      await window.panel().undo();
      assert.equal(window.values.get(setting), own);
    });
  }

  it('is left alone where what is set could not be started in turn', async () => {
    window.answer = put;
    for (const own of ['claude', '/opt/gone', 'timeout 60', 3]) {
      window.values.set(setting, own);
      await assert.rejects(window.panel().put(), ProblemError, String(own));
      assert.equal(window.values.get(setting), own);
      assert.equal(window.remembered, undefined);
    }
  });

  it('keeps what the user has set since', async () => {
    window.answer = put;
    await window.panel().put();
    window.values.set(setting, '/opt/later');
    await window.panel().undo();
    assert.equal(window.values.get(setting), '/opt/later');
    assert.match(window.told.at(-1) ?? '', /is not Agent Quota's/);
  });

  it('says what to set when VS Code does not take the setting', async () => {
    window.answer = put;
    window.values.set(setting, '/opt/own');
    window.refuses = true;
    await assert.rejects(window.panel().put(), /has errors/);
    assert.ok(!window.remembered, 'what was not done is not to be undone');
    window.refuses = false;
    await window.panel().put();
    window.refuses = true;
    await assert.rejects(window.panel().undo(), (error) => {
      assert.ok(error instanceof ProblemError);
      assert.match(error.problem.nextStep, /Set it yourself.*"\/opt\/own"/);
      return true;
    });
    assert.deepEqual(window.remembered, { ours, had: true, before: '/opt/own' }, 'it can be tried again');
    await window.panel().consider();
    assert.deepEqual(window.failures, []);
  });
});
