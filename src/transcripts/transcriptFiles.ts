import { readdirSync, statSync, type BigIntStats, type Dirent } from 'node:fs';
import { join } from 'node:path';

/** Where a transcript belongs by its path. */
export interface TranscriptPlace {
  /** Claude Code's name for the folder that the agent worked in: its path with `-` for what is no letter or digit. */
  readonly project: string;
  /** The folders between `projects` and the session. */
  readonly projectPath: string;
  /** Claude Code's session; for a subagent's transcript that of the main agent. */
  readonly sessionId: string;
}

/** A transcript as it is now. */
export interface TranscriptFile {
  readonly path: string;
  readonly place: TranscriptPlace;
  readonly stats: BigIntStats;
}

/** The folder beside a session's transcript that has those of its subagents. Source: seen in Claude Code 2.1.330. */
export const subagentsFolder = 'subagents';
const extension = '.jsonl';

/** How files are looked at. Both throw the file system's errors. */
export interface FileLook {
  readonly list: (directory: string) => readonly Pick<Dirent, 'name' | 'isDirectory' | 'isFile'>[];
  readonly stat: (path: string) => BigIntStats;
}

/** What is found of transcripts. */
export interface FoundTranscripts {
  readonly files: readonly TranscriptFile[];
  /** Files and folders that are there, as far as can be told, and cannot be looked at now. */
  readonly unseen: readonly string[];
}

const fileLook: FileLook = {
  list: (directory) => readdirSync(directory, { withFileTypes: true }),
  stat: (path) => statSync(path, { bigint: true }),
};

/** All transcripts below configuration directories. Links are not followed. */
export function transcriptFiles(configDirectories: readonly string[], look = fileLook): FoundTranscripts {
  const [files, unseen]: [TranscriptFile[], string[]] = [[], []];
  const seen = <T>(path: string, looked: () => T): T | undefined => {
    try {
      return looked();
    } catch (error) {
      if (!isGone(error)) unseen.push(path);
      return undefined;
    }
  };
  const find = (directory: string, folders: readonly string[]): void => {
    for (const item of seen(directory, () => look.list(directory)) ?? []) {
      const path = join(directory, item.name);
      if (item.isDirectory()) find(path, [...folders, item.name]);
      else if (item.isFile() && item.name.endsWith(extension) && item.name !== extension) {
        const stats = seen(path, () => look.stat(path));
        if (stats !== undefined) files.push({ path, stats, place: transcriptPlace([...folders, item.name]) });
      }
    }
  };
  for (const directory of configDirectories) find(join(directory, 'projects'), []);
  return { files, unseen };
}

function isGone(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR');
}

/** @param parts of a transcript's path below `projects`. Source: ccusage 20, `extract_session_parts`. */
export function transcriptPlace(parts: readonly string[]): TranscriptPlace {
  const [project = ''] = parts;
  const file = (parts.at(-1) ?? '').slice(0, -extension.length);
  const place = (projectParts: readonly string[], sessionId: string): TranscriptPlace => ({
    project,
    projectPath: projectParts.length === 0 ? 'Unknown Project' : join(...projectParts),
    sessionId,
  });
  if (parts.length === 2) return place([project], file);
  if (parts.length >= 4 && parts.at(-2) === subagentsFolder) return place(parts.slice(0, -3), parts.at(-3) ?? '');
  return place(parts.slice(0, -2), parts.at(-2) ?? project);
}
