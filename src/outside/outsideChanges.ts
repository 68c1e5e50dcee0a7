import type { Problem } from '../core/credentials.ts';
import { isServiceChanged, planServiceChange, undoServiceChange } from './claudeSettings.ts';
import { UnusableText } from './jsonMember.ts';
import { type PanelChange, readUndoRecord, type UndoRecord, writeUndoRecord } from './undoRecord.ts';

/** Where the changes are remembered, and what they lead to. */
export interface OutsidePlace {
  /** See `outsideDirectory`. */
  readonly directory: string;
  /** The directory that the extension is installed in. */
  readonly extensions: string;
  /** The directory with VS Code's user settings. */
  readonly userSettings: string;
  /** Claude Code's own settings. */
  readonly claudeSettings: string;
  /** `CLAUDE_CODE_PROCESS_WRAPPER` in the user's environment. */
  readonly inheritedWrapper: string | undefined;
  /** Writes the wrapper of the panel. @returns its path. @throws when it cannot be written. */
  readonly keepPanelWrapper: (own: string | undefined) => Promise<string>;
  /** Writes the wrapper of the background service. @returns its path. @throws when it cannot be written. */
  readonly keepServiceWrapper: () => Promise<string>;
}

/** What would be done to Claude Code's settings. */
export interface ServiceOffer {
  readonly file: string;
  /** What the service is started through now, and then by ours. */
  readonly own: string | undefined;
  /** @throws when it cannot be done; then nothing is changed. */
  accept(): Promise<void>;
}

/** Or why nothing can be done. */
export type ServiceAnswer = { readonly kind: 'offer'; readonly offer: ServiceOffer } | Refusal;
export type UndoAnswer = { readonly kind: 'undone' | 'nothing' } | Refusal;
export interface Refusal {
  readonly kind: 'refused';
  readonly reason: Problem;
}

/**
 * What Agent Quota has changed in settings of others, by the user's word, and how to undo it: remembered before it is done,
 * in a place that outlives the extension.
 */
export class OutsideChanges {
  readonly #place: OutsidePlace;

  constructor(place: OutsidePlace) {
    this.#place = place;
  }

  /** Writes the wrappers that are in use anew, for the extension may be in another place now. */
  async refresh(): Promise<void> {
    const record = await readUndoRecord(this.#place.directory);
    if (record === undefined) return;
    const { panel, service } = record;
    if (panel !== undefined) await this.#place.keepPanelWrapper(chained(panel));
    if (service !== undefined) await this.#place.keepServiceWrapper();
    await this.#write(record);
  }

  async panelChange(): Promise<PanelChange | undefined> {
    return (await this.#read()).panel;
  }

  /**
   * Remembers the panel's setting as it is, and makes the wrapper that starts what it names.
   * @param had whether the setting is set. @param before its value.
   * @returns what it is to be set to.
   */
  async beginPanel(had: boolean, before: unknown): Promise<string> {
    const ours = await this.#place.keepPanelWrapper(chained({ had, before }));
    await this.#write({ ...(await this.#read()), panel: { ours, had, ...(had && { before }) } });
    return ours;
  }

  async endPanel(): Promise<void> {
    const { panel: _ended, ...rest } = await this.#read();
    await this.#write(rest);
  }

  /** Whether Claude Code's settings have our wrapper now; false also where they cannot be read. */
  async isServiceUnderQuota(): Promise<boolean> {
    const { service } = await this.#read();
    return service !== undefined && (await isServiceChanged(service).catch(() => false));
  }

  /** What would be done to Claude Code's settings. Changes nothing there. */
  async offerService(): Promise<ServiceAnswer> {
    const { claudeSettings: file, inheritedWrapper, keepServiceWrapper } = this.#place;
    try {
      const wrapper = await keepServiceWrapper();
      const planned = await planServiceChange(file, wrapper, inheritedWrapper);
      const accept = async (): Promise<void> => {
        const before = await this.#read();
        await this.#write({ ...before, service: planned.change });
        try {
          await planned.make();
        } catch (error) {
          await this.#write(before);
          throw error;
        }
      };
      return { kind: 'offer', offer: { file, own: planned.own, accept } };
    } catch (error) {
      return refusalOf(error, file);
    }
  }

  /** Puts Claude Code's settings back. A value that has been changed since stays. */
  async undoService(): Promise<UndoAnswer> {
    const { service, ...rest } = await this.#read();
    if (service === undefined) return { kind: 'nothing' };
    try {
      const undone = await undoServiceChange(service);
      await this.#write(rest);
      return { kind: undone ? 'undone' : 'nothing' };
    } catch (error) {
      return refusalOf(error, service.file);
    }
  }

  async #read(): Promise<UndoRecord> {
    const { directory, extensions, userSettings } = this.#place;
    const { panel, service } = (await readUndoRecord(directory)) ?? {};
    return {
      version: 1,
      extensions,
      userSettings,
      ...(panel !== undefined && { panel }),
      ...(service !== undefined && { service }),
    };
  }

  async #write(record: UndoRecord): Promise<void> {
    const { directory, extensions, userSettings } = this.#place;
    await writeUndoRecord(directory, { ...record, extensions, userSettings });
  }
}

/** The user's own wrapper, which ours starts. */
function chained({ had, before }: Pick<PanelChange, 'had' | 'before'>): string | undefined {
  return had && typeof before === 'string' && before !== '' ? before : undefined;
}

/** @throws what is no fault of the file. */
function refusalOf(error: unknown, file: string): Refusal {
  if (!(error instanceof UnusableText)) throw error;
  const reason: Problem = {
    code: 'settings-unusable',
    severity: 'error',
    message: `Nothing was changed in Claude Code's settings, ${file}. ${error.message}`,
    nextStep: 'Put the file right and try again.',
  };
  return { kind: 'refused', reason };
}
