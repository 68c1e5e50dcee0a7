import path from 'node:path';
import { pathToFileURL } from 'node:url';
import * as z from 'zod';
import { claudeBinary } from '../host/claudeBinary.ts';
import { installedPackage } from '../host/installedPackage.ts';

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

/** The path of the real Claude Agent SDK's module. */
export async function agentSdkModule(): Promise<string> {
  return path.join(await installedPackage(manifestDirectory), '@anthropic-ai', 'claude-agent-sdk', 'sdk.mjs');
}

/** Runs the real Claude Agent SDK with the CLI that the other tests run. @returns its messages, as they come. */
export async function* queryAgent(
  prompt: string,
  options: Omit<Parameters<Query>[0]['options'], 'pathToClaudeCodeExecutable'>,
): AsyncGenerator<unknown, void, undefined> {
  const module: unknown = await import(pathToFileURL(await agentSdkModule()).href);
  const { query } = moduleSchema.parse(module);
  yield* query({ prompt, options: { ...options, pathToClaudeCodeExecutable: await claudeBinary() } });
}
