import path from 'node:path';
import { processWrapperName } from '../shared/launcherVerbs.ts';
import { wrapperValue, wrapperVariable, wrapperWords } from '../shared/wrapperCommand.ts';
import { memberOf, UnusableText, withMember } from './jsonMember.ts';
import { readSettingsFile, writeSettingsFile } from './settingsFile.ts';
import { patchBetween, reverted } from './textPatch.ts';
import type { ServiceChange } from './undoRecord.ts';

const variable = ['env', wrapperVariable];

/** Claude Code's own user settings. Source: Claude Code documentation, "Settings". */
export function claudeSettingsFile(environment: Readonly<Record<string, string | undefined>>, home: string): string {
  const configured = environment['CLAUDE_CONFIG_DIR'] ?? '';
  return path.join(configured === '' ? path.join(home, '.claude') : configured, 'settings.json');
}

/**
 * A change of Claude Code's settings that has yet to be made.
 * `own` is what its background service is started through now, which is then started by ours.
 */
export interface PlannedServiceChange {
  readonly own: string | undefined;
  readonly change: ServiceChange;
  /** @throws when the file cannot be written, or holds something else by now. */
  make(): Promise<void>;
}

/**
 * Has Claude Code start its background service and sessions through a wrapper of ours, and through what was set before
 * behind it. The variable goes before the setting `processWrapper`, and settings before the environment. Source: seen in
 * Claude Code 2.1.330.
 * @param wrapper absolute path of ours.
 * @param inherited the variable's value in the user's environment.
 * @throws {UnusableText} when the file, or what is set, cannot be understood.
 */
export async function planServiceChange(
  file: string,
  wrapper: string,
  inherited: string | undefined,
): Promise<PlannedServiceChange> {
  const present = await readSettingsFile(file);
  const text = withoutLostChange(present ?? '{}\n', wrapper);
  checkReadByClaude(text);
  const member = memberOf(text, variable);
  const own = ownWrapper(text) ?? (inherited === undefined || isOurs(inherited) ? undefined : inherited);
  const words = own === undefined ? [] : wrapperWords(own);
  if (words === undefined) throw new UnusableText(`Its wrapper ${JSON.stringify(own)} names no program.`);
  if (own !== undefined && isOurs(own)) throw new UnusableText('It has the wrapper of another VS Code.');
  const ours = wrapperValue([wrapper, ...words]);
  const after = withMember(text, variable, ours);
  const change: ServiceChange = {
    file,
    ours,
    had: member.kind === 'present',
    ...(member.kind === 'present' && { before: member.value }),
    patch: patchBetween(text, after),
    createdFile: present === undefined,
  };
  return { own, change, make: () => writeSettingsFile(file, present, after) };
}

/** Claude Code leaves all of a file aside that has comments or trailing commas. Source: seen in Claude Code 2.1.330. */
function checkReadByClaude(text: string): void {
  try {
    JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch {
    throw new UnusableText('It has comments or trailing commas, so Claude Code does not read it.');
  }
}

/** A change of ours that is known of no more is taken for none, and what it starts for the user's own. */
function withoutLostChange(text: string, wrapper: string): string {
  const member = memberOf(text, variable);
  const words = member.kind === 'present' && typeof member.value === 'string' ? wrapperWords(member.value) : undefined;
  if (words?.[0] !== wrapper) return text;
  const own = words.slice(1);
  return withMember(text, variable, own.length === 0 ? undefined : wrapperValue(own));
}

function isOurs(value: string): boolean {
  return path.basename(wrapperWords(value)?.[0] ?? '') === processWrapperName;
}

/** Whether the settings name our wrapper now. @throws {UnusableText} */
export async function isServiceChanged({ file, ours }: ServiceChange): Promise<boolean> {
  const text = await readSettingsFile(file);
  if (text === undefined) return false;
  const member = memberOf(text, variable);
  return member.kind === 'present' && member.value === ours;
}

/**
 * Puts back what was there. A file that is otherwise as it was then is the same again to the byte; one that has been changed
 * elsewhere loses our value only; a value that has been changed itself stays.
 * @returns whether there was something to put back. @throws {UnusableText}
 */
export async function undoServiceChange(change: ServiceChange): Promise<boolean> {
  if (!(await isServiceChanged(change))) return false;
  const text = (await readSettingsFile(change.file)) ?? '';
  const exact = reverted(text, change.patch);
  if (exact !== undefined && change.createdFile) await writeSettingsFile(change.file, text, undefined);
  else await writeSettingsFile(change.file, text, exact ?? withoutOurs(text, change));
  return true;
}

function withoutOurs(text: string, { had, before, patch }: ServiceChange): string {
  // What was written is still there in one piece: then comments that have come beside it stay too.
  const { inserted, removed } = patch;
  if (inserted !== '' && text.split(inserted).length === 2) {
    const cut = text.replace(inserted, () => removed);
    if (isAsBefore(cut, had, before)) return cut;
  }
  if (had) return withMember(text, variable, before);
  const without = withMember(text, variable, undefined);
  if (!inserted.includes('"env"')) return without;
  const env = memberOf(without, ['env']);
  const isEmpty = env.kind === 'present' && Object.keys(env.value as object).length === 0;
  return isEmpty ? withMember(without, ['env'], undefined) : without;
}

function isAsBefore(text: string, had: boolean, before: unknown): boolean {
  try {
    const member = memberOf(text, variable);
    return member.kind === 'present' ? had && member.value === before : !had;
  } catch {
    return false;
  }
}

function ownWrapper(text: string): string | undefined {
  for (const path of [variable, ['processWrapper']]) {
    const member = memberOf(text, path);
    if (member.kind === 'absent' || member.value === '') continue;
    if (typeof member.value !== 'string') throw new UnusableText(`Its "${path.join('.')}" is no text.`);
    return member.value;
  }
  return undefined;
}
