import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { cp, readFile, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import * as z from 'zod';
import { claudeBinary } from '../host/claudeBinary.ts';
import { runNpm } from '../host/npmCommand.ts';
import { toolsDirectory } from '../host/paths.ts';

/** What of the Claude Agent SDK is used here. Source: its TypeScript reference. */
type Query = (params: {
  readonly prompt: string;
  readonly options: {
    readonly pathToClaudeCodeExecutable: string;
    readonly cwd: string;
    readonly env: Readonly<Record<string, string | undefined>>;
    readonly abortController?: AbortController;
    readonly includePartialMessages?: boolean;
    readonly allowedTools?: readonly string[];
  };
}) => AsyncIterable<unknown>;

const moduleSchema = z.object({ query: z.custom<Query>((value) => typeof value === 'function') });
const manifestDirectory = path.join(import.meta.dirname, 'agentSdk');

/** Runs the real Claude Agent SDK with the CLI that the other tests run. @returns its messages, as they come. */
export async function* queryAgent(
  prompt: string,
  options: Omit<Parameters<Query>[0]['options'], 'pathToClaudeCodeExecutable'>,
): AsyncGenerator<unknown, void, undefined> {
  const module: unknown = await import(pathToFileURL(await installAgentSdk()).href);
  const { query } = moduleSchema.parse(module);
  yield* query({ prompt, options: { ...options, pathToClaudeCodeExecutable: await claudeBinary() } });
}

/** Filled under another name first, so that it is whole or not there. @returns the path of its module. */
async function installAgentSdk(): Promise<string> {
  const lock = await readFile(path.join(manifestDirectory, 'package-lock.json'));
  const hash = createHash('sha256').update(lock).digest('hex').slice(0, 12);
  const directory = path.join(toolsDirectory, `agent-sdk-${hash}`);
  if (!existsSync(directory)) {
    const unfinished = `${directory}.${process.pid}.tmp`;
    await cp(manifestDirectory, unfinished, { recursive: true });
    await runNpm(['ci', '--ignore-scripts', '--loglevel=error'], unfinished, () => undefined);
    try {
      await rename(unfinished, directory);
    } catch (error) {
      if (!existsSync(directory)) throw error;
      await rm(unfinished, { recursive: true, force: true });
    }
  }
  return path.join(directory, 'node_modules', '@anthropic-ai', 'claude-agent-sdk', 'sdk.mjs');
}
