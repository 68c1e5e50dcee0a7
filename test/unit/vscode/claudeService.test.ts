import assert from 'node:assert/strict';
import { contextKeys } from '../../../src/contributions.ts';
import { ClaudeService, type ServiceMemory } from '../../../src/vscode/claudeService.ts';
import { ProblemError } from '../../../src/vscode/problemError.ts';

describe("Claude Code's background service", () => {
  let isUnderQuota: boolean;
  let answer: string | undefined;
  let asked: string[];
  let told: string[];
  let context: Map<string, unknown>;
  let memory: ServiceMemory;

  const service = (platform: NodeJS.Platform = 'linux'): ClaudeService =>
    new ClaudeService({
      memory,
      platform,
      ask: (text, detail) => {
        asked.push(`${text} ${detail}`);
        return Promise.resolve(answer);
      },
      tell: (text) => told.push(text),
      setContext: (key, value) => context.set(key, value),
    });
  const refused = {
    kind: 'refused',
    reason: { code: 'settings-unusable', severity: 'error', message: 'No JSON.', nextStep: 'Put it right.' },
  } as const;

  beforeEach(() => {
    isUnderQuota = false;
    answer = 'Put Under Quota';
    asked = [];
    told = [];
    context = new Map();
    const accept = (): Promise<void> => {
      isUnderQuota = true;
      return Promise.resolve();
    };
    memory = {
      isServiceUnderQuota: () => Promise.resolve(isUnderQuota),
      offerService: () =>
        Promise.resolve({
          kind: 'offer',
          offer: { file: '/home/me/.claude/settings.json', own: '/opt/own --x', accept },
        }),
      undoService: () => {
        const kind = isUnderQuota ? 'undone' : 'nothing';
        isUnderQuota = false;
        return Promise.resolve({ kind });
      },
    };
  });

  it('is put under quota after the user has read what is changed and how to undo it', async () => {
    answer = undefined;
    await service().put();
    assert.equal(isUnderQuota, false);
    for (const part of [
      '/home/me/.claude/settings.json',
      'env.CLAUDE_CODE_PROCESS_WRAPPER',
      '/opt/own --x',
      'Out of Quota',
    ])
      assert.ok(asked[0]?.includes(part), part);
    answer = 'Put Under Quota';
    await service().put();
    assert.equal(isUnderQuota, true);
    assert.equal(context.get(contextKeys.serviceUnderQuota), true);
    await service().put();
    assert.equal(asked.length, 2, 'it is told that it is, instead of asked');
    assert.match(told.at(-1) ?? '', /already/);
  });

  it('is taken out again, and it is said where there was nothing to undo', async () => {
    await service().put();
    await service().undo();
    assert.equal(context.get(contextKeys.serviceUnderQuota), false);
    assert.match(told.at(-1) ?? '', /are what they were before/);
    await service().undo();
    assert.match(told.at(-1) ?? '', /have nothing of Agent Quota's/);
  });

  it('is not asked about where its settings cannot be used, or on Windows', async () => {
    await assert.rejects(service('win32').put(), /through no other program/);
    memory = { ...memory, offerService: () => Promise.resolve(refused), undoService: () => Promise.resolve(refused) };
    await assert.rejects(service().put(), ProblemError);
    await assert.rejects(service().undo(), ProblemError);
    assert.deepEqual(asked, []);
  });
});
