import { createHash } from 'node:crypto';
import { readdir, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import * as z from 'zod';
import { readSettingsFile, writeSettingsFile } from './settingsFile.ts';
import { textPatchSchema } from './textPatch.ts';

/** A setting before it was changed; `had` is false when it was not set. */
const beforeShape = { ours: z.string(), had: z.boolean(), before: z.unknown().optional() };

/** What Agent Quota has changed in settings of others, and how they were. */
const undoRecordSchema = z.object({
  version: z.literal(1),
  /** The directory that the extension is installed in: it is another for each kind of VS Code. */
  extensions: z.string(),
  /** The directory with VS Code's user settings. */
  userSettings: z.string(),
  panel: z.object(beforeShape).optional(),
  service: z.object({ file: z.string(), ...beforeShape, patch: textPatchSchema, createdFile: z.boolean() }).optional(),
});
export type UndoRecord = z.infer<typeof undoRecordSchema>;
export type PanelChange = NonNullable<UndoRecord['panel']>;
export type ServiceChange = NonNullable<UndoRecord['service']>;

const recordName = 'undo.json';

/** Where Agent Quota keeps what must outlive it: VS Code removes an extension's own storage with the extension. */
export function outsideRoot(home: string): string {
  return path.join(home, '.agent-quota');
}

/** The part of {@link outsideRoot} of one kind of VS Code. @param storage the extension's own storage there. */
export function outsideDirectory(home: string, storage: string): string {
  return path.join(outsideRoot(home), createHash('sha256').update(storage).digest('hex').slice(0, 8));
}

/** @returns undefined when there is none that can be read. */
export async function readUndoRecord(directory: string): Promise<UndoRecord | undefined> {
  try {
    return undoRecordSchema.parse(JSON.parse(await readFile(path.join(directory, recordName), 'utf8')));
  } catch {
    return undefined;
  }
}

export async function writeUndoRecord(directory: string, record: UndoRecord): Promise<void> {
  const file = path.join(directory, recordName);
  await writeSettingsFile(file, await readSettingsFile(file), `${JSON.stringify(record, undefined, 2)}\n`);
}

/** The directories of all kinds of VS Code. */
export async function outsideDirectories(home: string): Promise<string[]> {
  const names = await readdir(outsideRoot(home)).catch(() => []);
  return names.map((name) => path.join(outsideRoot(home), name));
}

export async function forgetUndoRecord(directory: string): Promise<void> {
  await rm(path.join(directory, recordName), { force: true });
}
