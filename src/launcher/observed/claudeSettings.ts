import path from 'node:path';
import * as z from 'zod/mini';

/** What matters here of Claude Code's settings; all else is kept as it is. Source: its documentation, "Settings". */
export const settingsSchema = z.looseObject({
  hooks: z.optional(z.record(z.string(), z.unknown())),
  statusLine: z.optional(z.looseObject({ type: z.string(), command: z.optional(z.string()) })),
  env: z.optional(z.record(z.string(), z.unknown())),
  disableAllHooks: z.optional(z.unknown()),
  allowManagedHooksOnly: z.optional(z.unknown()),
  allowedHttpHookUrls: z.optional(z.unknown()),
  httpHookAllowedEnvVars: z.optional(z.unknown()),
});
export type ClaudeSettings = z.infer<typeof settingsSchema>;

/** Where Claude Code runs. */
export interface ClaudePlace {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly platform: NodeJS.Platform;
  readonly home: string;
  /** The directory that it is started in. */
  readonly cwd: string;
}

/** @returns undefined for what is not settings. */
export function parseSettings(text: string): ClaudeSettings | undefined {
  try {
    const parsed = z.safeParse(settingsSchema, JSON.parse(text));
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}

/**
 * The settings files that are read beside `--settings`, the weakest first. Managed settings stand above `--settings`
 * and the others below it. Those that an administrator keeps in the registry, in a profile or on a server are not
 * among them. Source: Claude Code documentation, "Settings" › "Settings files".
 */
export function settingsFiles({ environment, platform, home, cwd }: ClaudePlace): {
  readonly below: readonly string[];
  readonly managed: string;
} {
  const paths = platform === 'win32' ? path.win32 : path.posix;
  const configured = environment['CLAUDE_CONFIG_DIR'] ?? '';
  const user = configured === '' ? paths.join(home, '.claude') : configured;
  return {
    below: [
      paths.join(user, 'settings.json'),
      paths.join(cwd, '.claude', 'settings.json'),
      paths.join(cwd, '.claude', 'settings.local.json'),
    ],
    managed: paths.join(managedDirectory(environment, platform), 'managed-settings.json'),
  };
}

function managedDirectory(environment: ClaudePlace['environment'], platform: NodeJS.Platform): string {
  if (platform === 'darwin') return '/Library/Application Support/ClaudeCode';
  if (platform === 'win32') return `${environment['ProgramFiles'] ?? 'C:\\Program Files'}\\ClaudeCode`;
  return '/etc/claude-code';
}
