import * as z from 'zod';

/** The user's shell, as terminals start it. */
export interface DefaultShell {
  readonly path: string;
  readonly args: readonly string[];
  /** `null` takes a variable out. */
  readonly env: Readonly<Record<string, string | null>>;
}

const profileSchema = z.object({
  args: z.union([z.array(z.string()), z.string().transform((text) => [text])]).optional(),
  env: z.record(z.string(), z.string().nullable()).optional(),
});

/** As VS Code's settings call the platforms; all others are `linux`. */
const platformNames: Readonly<Partial<Record<NodeJS.Platform, string>>> = { win32: 'windows', darwin: 'osx' };

/** What macOS's terminals start these with, so that their login files are read. */
const loginShells = new Set(['bash', 'zsh', 'fish']);

/**
 * The shell that VS Code would start, with the arguments and variables of the user's default profile. Where the user has
 * chosen none, shells of macOS are login shells, as VS Code has them.
 * @param shell path of the default profile's program: VS Code's `env.shell`.
 * @param valueOf a setting's value below `terminal.integrated`, unchecked.
 */
export function defaultShell(
  shell: string,
  platform: NodeJS.Platform,
  valueOf: (name: string) => unknown,
): DefaultShell {
  const system = platformNames[platform] ?? 'linux';
  const name = valueOf(`defaultProfile.${system}`);
  const profiles = z.record(z.string(), z.unknown()).safeParse(valueOf(`profiles.${system}`)).data ?? {};
  const profile = typeof name === 'string' ? profileSchema.safeParse(profiles[name]).data : undefined;
  const base = shell.slice(shell.lastIndexOf('/') + 1);
  const usualArgs = platform === 'darwin' && loginShells.has(base) ? ['-l'] : [];
  return { path: shell, args: profile?.args ?? usualArgs, env: profile?.env ?? {} };
}
