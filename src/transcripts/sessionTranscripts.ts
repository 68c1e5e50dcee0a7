import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { subagentsFolder } from './transcriptFiles.ts';

/** A session of Claude Code's, by where its transcript is (hooks say so) or by its id alone. */
export type FollowedSession =
  | { readonly transcriptPath: string }
  | { readonly claudeSessionId: string; readonly configDirectories: readonly string[] };

const extension = '.jsonl';

/** @returns the path of a session's own transcript, written yet or not; undefined while it is not found. */
export function mainTranscript(session: FollowedSession): string | undefined {
  if ('transcriptPath' in session) return session.transcriptPath;
  const file = session.claudeSessionId + extension;
  return session.configDirectories
    .map((directory) => join(directory, 'projects'))
    .flatMap((projects) => foldersIn(projects).map((project) => join(projects, project, file)))
    .find((path) => existsSync(path));
}

/** Where the transcripts of a session's subagents are, from its first subagent on. */
export function subagentsDirectory(mainPath: string): string {
  return join(mainPath.endsWith(extension) ? mainPath.slice(0, -extension.length) : mainPath, subagentsFolder);
}

/** All transcripts below a folder. */
export function transcriptsBelow(directory: string): string[] {
  return listed(directory).flatMap((item) => {
    const path = join(directory, item.name);
    if (item.isDirectory()) return transcriptsBelow(path);
    return item.isFile() && item.name.endsWith(extension) ? [path] : [];
  });
}

function foldersIn(directory: string): string[] {
  return listed(directory)
    .filter((item) => item.isDirectory())
    .map(({ name }) => name);
}

function listed(directory: string) {
  try {
    return readdirSync(directory, { withFileTypes: true });
  } catch {
    return [];
  }
}
