import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import * as z from 'zod';
import * as ids from '../../src/contributions.ts';
import { agentIdSchema } from '../../src/shared/launcherMessages.ts';
import { readSettings, settingDefaults } from '../../src/vscode/settings.ts';
import { situations } from '../../src/vscode/situation.ts';

const rangeSchema = z.looseObject({ type: z.string(), minimum: z.number(), maximum: z.number().optional() });
const rangeOfItems = z.object({ type: z.literal('number'), minimum: z.number(), maximum: z.number() });
const settingSchema = z.looseObject({
  type: z.string(),
  default: z.union([z.string(), z.number(), z.boolean(), z.array(z.number()), z.record(z.string(), z.never())]),
  scope: z.string(),
  markdownDescription: z.string().min(20),
  ignoreSync: z.boolean().optional(),
  pattern: z.string().optional(),
  minimum: z.number().optional(),
  maximum: z.number().optional(),
  enum: z.array(z.string()).optional(),
  items: rangeOfItems.optional(),
  markdownEnumDescriptions: z.array(z.string()).optional(),
  additionalProperties: z
    .object({ properties: z.record(z.string(), rangeSchema).default({}) })
    .loose()
    .optional(),
});
const withId = z.looseObject({ id: z.string() });
const menuItem = z.object({ command: z.string(), when: z.string().optional() });

const manifestSchema = z.object({
  capabilities: z.object({
    virtualWorkspaces: z.boolean(),
    untrustedWorkspaces: z.object({
      supported: z.literal('limited'),
      description: z.string(),
      restrictedConfigurations: z.array(z.string()),
    }),
  }),
  activationEvents: z.array(z.string()),
  contributes: z.object({
    commands: z.array(z.object({ command: z.string(), title: z.string(), category: z.string(), icon: z.string() })),
    menus: z.record(z.string(), z.array(menuItem.loose())),
    keybindings: z.array(menuItem.loose()),
    viewsContainers: z.object({ activitybar: z.array(withId) }),
    views: z.record(z.string(), z.array(withId)),
    viewsWelcome: z.array(z.object({ view: z.string(), contents: z.string(), when: z.string() })),
    walkthroughs: z.array(
      withId.extend({
        steps: z.array(
          z.object({
            id: z.string(),
            title: z.string(),
            description: z.string(),
            media: z.object({ svg: z.string(), altText: z.string().min(20) }),
            completionEvents: z.array(z.string()).min(1),
          }),
        ),
      }),
    ),
    terminal: z.object({ profiles: z.array(withId) }),
    taskDefinitions: z.array(
      z.object({
        type: z.string(),
        required: z.array(z.string()),
        properties: z.record(
          z.string(),
          z.looseObject({ description: z.string(), pattern: z.string().optional(), default: z.unknown().optional() }),
        ),
      }),
    ),
    configuration: z.object({ properties: z.record(z.string(), settingSchema) }),
  }),
});

const file = path.resolve(import.meta.dirname, '..', '..', 'package.json');
const { activationEvents, capabilities, contributes } = manifestSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
const properties = contributes.configuration.properties;

const sorted = (values: Iterable<string>): string[] => [...values].sort();

describe('contributions', () => {
  const declared: Readonly<Record<string, [Readonly<Record<string, string>>, string[]]>> = {
    commands: [ids.commands, contributes.commands.map(({ command }) => command)],
    views: [ids.views, Object.values(contributes.views).flatMap((views) => views.map(({ id }) => id))],
    viewContainers: [ids.viewContainers, contributes.viewsContainers.activitybar.map(({ id }) => id)],
    terminalProfiles: [ids.terminalProfiles, contributes.terminal.profiles.map(({ id }) => id)],
    walkthroughs: [ids.walkthroughs, contributes.walkthroughs.map(({ id }) => id)],
    taskTypes: [ids.taskTypes, contributes.taskDefinitions.map(({ type }) => type)],
    settings: [ids.settings, Object.keys(properties)],
    webviewPanels: [
      ids.webviewPanels,
      activationEvents.flatMap((event) => (event.startsWith('onWebviewPanel:') ? [event.slice(15)] : [])),
    ],
  };
  for (const [name, [inCode, inManifest]] of Object.entries(declared)) {
    it(`has the same ${name} in code and manifest`, () => {
      assert.deepEqual(sorted(Object.values(inCode)), sorted(inManifest));
    });
  }

  it('gives every command a title in our category', () => {
    for (const { command, title, category } of contributes.commands) {
      assert.equal(category, 'Agent Quota', command);
      assert.match(title, /^[A-Z]/, command);
    }
  });

  it('names in menus, keys and links only what exists', () => {
    const commands: ReadonlySet<string> = new Set(Object.values(ids.commands));
    const items = [...Object.values(contributes.menus).flat(), ...contributes.keybindings];
    for (const { command } of items) assert.ok(commands.has(command), command);
    const texts = [
      ...contributes.viewsWelcome.map(({ contents }) => contents),
      ...contributes.walkthroughs.flatMap(({ steps }) => steps.map(({ description }) => description)),
    ];
    const focus = Object.values(ids.views).map((view) => `${view}.focus`);
    for (const [, link = ''] of texts.flatMap((text) => [...text.matchAll(/\(command:([^)?]+)/g)])) {
      assert.ok(commands.has(link) || focus.includes(link) || link.startsWith('workbench.'), link);
    }
    const known: ReadonlySet<string> = new Set([
      ...Object.values(ids.contextKeys),
      ...Object.values(ids.rowKinds),
      ...Object.values(ids.views),
    ]);
    const events = contributes.walkthroughs.flatMap(({ steps }) =>
      steps.flatMap(({ completionEvents }) => completionEvents),
    );
    const contexts = events.flatMap((event) => (event.startsWith('onContext:') ? [event.slice(10)] : []));
    const conditions = [...items, ...contributes.viewsWelcome].map(({ when = '' }) => when);
    const used = [...conditions, ...contexts].flatMap((when) => when.match(/agentQuota\.\w+/g) ?? []);
    for (const name of used) assert.ok(known.has(name), name);
    for (const key of Object.values(ids.contextKeys)) assert.ok(used.includes(key), `${key} is not used`);
  });

  it('completes steps of the walkthrough by what exists, and shows pictures that are there', () => {
    const known: ReadonlySet<string> = new Set([
      ...Object.values(ids.commands).map((id) => `onCommand:${id}`),
      ...Object.values(ids.contextKeys).map((id) => `onContext:${id}`),
      ...Object.values(ids.settings).map((id) => `onSettingChanged:${id}`),
      'onCommand:workbench.action.openSettings',
    ]);
    for (const { media, completionEvents } of contributes.walkthroughs.flatMap(({ steps }) => steps)) {
      for (const event of completionEvents) assert.ok(known.has(event), event);
      const picture = readFileSync(path.resolve(file, '..', media.svg), 'utf8');
      assert.doesNotMatch(picture.replaceAll(/var\([^;"]*\)/g, ''), /#[0-9a-f]{3,8}\b/i, 'colors are the theme’s');
    }
  });

  it('asks in menus for flags that rows have', () => {
    const flags = contributes.menus['view/item/context']?.flatMap(
      ({ when }) => when?.match(/(?<=\\b\.\*\\b)\w+/g) ?? [],
    );
    assert.deepEqual(new Set(flags), new Set(ids.rowFlags));
  });

  it('says the next step for every situation of an empty view', () => {
    const conditions = contributes.viewsWelcome.map(({ when }) => when).join(' ');
    for (const situation of situations) assert.ok(conditions.includes(`${ids.contextKeys.situation} == ${situation}`));
  });

  it('checks an agent name in tasks.json as the launcher does', () => {
    const pattern = new RegExp(contributes.taskDefinitions[0]?.properties['agent']?.pattern ?? '');
    for (const name of ['agent-1', 'a/b:c@d_e.f', '', 'no spaces', 'x'.repeat(65)]) {
      assert.equal(pattern.test(name), agentIdSchema.safeParse(name).success, name);
    }
  });

  it('does not name the agent of a task that has no name', () => {
    // VS Code fills a required property that is missing with its default.
    const definition = contributes.taskDefinitions[0];
    assert.deepEqual(definition?.required, ['agent']);
    assert.equal(definition.properties['agent']?.default, undefined);
  });

  it('has the same defaults in code and manifest', () => {
    assert.deepEqual(
      Object.fromEntries(Object.entries(properties).map(([id, property]) => [id, property.default])),
      settingDefaults,
    );
  });

  const accepts = (id: string, value: unknown): boolean =>
    readSettings((asked) => (asked === id ? value : undefined)).problems.length === 0;
  const hasRange = (name: string, bounds: z.infer<typeof rangeSchema>, takes: (value: unknown) => boolean): void => {
    const { type, minimum, maximum } = bounds;
    assert.ok(takes(minimum) && !takes(minimum - 1), `${name}: minimum`);
    if (maximum !== undefined) assert.ok(takes(maximum) && !takes(maximum + 1), `${name}: maximum`);
    assert.equal(takes(1.5), type === 'number', `${name}: whole numbers`);
  };

  it('has no setting below another one, where VS Code would pass it over', () => {
    const below = Object.keys(properties).filter((id) =>
      Object.keys(properties).some((other) => id.startsWith(`${other}.`)),
    );
    assert.deepEqual(below, []);
  });

  it('has the same ranges in code and manifest', () => {
    for (const [id, property] of Object.entries(properties)) {
      const { type, enum: choices, markdownEnumDescriptions } = property;
      if (choices !== undefined) {
        assert.ok(choices.every((choice) => accepts(id, choice)) && !accepts(id, 'other'), `${id}: choices`);
        assert.equal(markdownEnumDescriptions?.length, choices.length, `${id}: a description for each choice`);
      } else if (property.pattern !== undefined) {
        for (const text of ['', 'any text', 'http://127.0.0.1:4318', 'https://x/y', 'ftp://x'])
          assert.equal(accepts(id, text), new RegExp(property.pattern).test(text), `${id}: ${text}`);
      } else if (type === 'array') {
        const { items } = property;
        assert.ok(items !== undefined && accepts(id, [items.minimum, items.maximum]) && accepts(id, []), id);
        assert.ok(!accepts(id, [items.minimum - 1]) && !accepts(id, [items.maximum + 1]), id);
      } else if (type === 'string') {
        assert.ok(accepts(id, 'some text') && !accepts(id, 1), `${id}: text and nothing else`);
      } else if (type === 'boolean') {
        assert.ok(accepts(id, true) && accepts(id, false) && !accepts(id, 'true'), id);
      } else if (type !== 'object') {
        hasRange(id, rangeSchema.parse(property), (value) => accepts(id, value));
      }
    }
  });

  it('has the same limits of agents in code and manifest', () => {
    const limits = Object.entries(properties[ids.settings.agents]?.additionalProperties?.properties ?? {});
    assert.equal(limits.length, 7);
    for (const [name, bounds] of limits) {
      hasRange(name, bounds, (value) => accepts(ids.settings.agents, { 'batch-*': { [name]: value } }));
    }
  });

  it('has the same prices in code and manifest', () => {
    const prices = Object.entries(properties[ids.settings.prices]?.additionalProperties?.properties ?? {});
    assert.equal(prices.length, 5);
    const given = Object.fromEntries(prices.map(([name]) => [name, 1]));
    for (const [name, bounds] of prices)
      hasRange(name, bounds, (value) => accepts(ids.settings.prices, { x: { ...given, [name]: value } }));
  });

  it('lets no workspace change a setting', () => {
    for (const [id, { scope }] of Object.entries(properties)) assert.equal(scope, 'application', id);
  });

  it('keeps what names a program, and may hold a key, from workspaces and from other machines', () => {
    const { restrictedConfigurations } = capabilities.untrustedWorkspaces;
    assert.ok(restrictedConfigurations.includes(ids.settings.apiKeyCommand));
    assert.ok(restrictedConfigurations.includes(ids.settings.ledgerAddressCommand));
    assert.equal(properties[ids.settings.ledgerAddressCommand]?.ignoreSync, true);
    for (const id of restrictedConfigurations) assert.ok(id in properties, id);
    assert.equal(properties[ids.settings.apiKeyCommand]?.ignoreSync, true);
  });

  it('is there in an untrusted workspace, whose tasks do not run', () => {
    assert.match(capabilities.untrustedWorkspaces.description, /tasks of the workspace do not run/);
    assert.equal(capabilities.virtualWorkspaces, false);
  });
});
