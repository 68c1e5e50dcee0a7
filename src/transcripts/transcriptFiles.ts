import { readdirSync, statSync, type BigIntStats } from 'node:fs';
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

/** All transcripts below configuration directories. What cannot be read is left out; links are not followed. */
export function transcriptFiles(configDirectories: readonly string[]): TranscriptFile[] {
  return configDirectories.flatMap((directory) => filesBelow(join(directory, 'projects'), []));
}

function filesBelow(directory: string, folders: readonly string[]): TranscriptFile[] {
  return listed(directory).flatMap((item) => {
    const path = join(directory, item.name);
    if (item.isDirectory()) return filesBelow(path, [...folders, item.name]);
    if (!item.isFile() || !item.name.endsWith(extension) || item.name === extension) return [];
    const stats = statSync(path, { bigint: true, throwIfNoEntry: false });
    return stats === undefined ? [] : [{ path, stats, place: transcriptPlace([...folders, item.name]) }];
  });
}

function listed(directory: string): ReturnType<typeof readDirectory> {
  try {
    return readDirectory(directory);
  } catch {
    return [];
  }
}

function readDirectory(directory: string) {
  return readdirSync(directory, { withFileTypes: true });
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
