import { shimMarker } from '../shared/shimMarker.ts';
import type { ShimTargets } from './shimTargets.ts';

/** How every script for a POSIX shell begins. The marker is in the second line, where `claudeScript` looks for it. */
export function scriptBeginning({ version, node, launcher, home }: ShimTargets): string {
  return `#!/bin/sh
# ${shimMarker} ${version}: written by the extension Agent Quota, which writes it again.
node=${quotedForShell(node)}
launcher=${quotedForShell(launcher)}
home=${quotedForShell(home)}
`;
}

/** One word for a POSIX shell, whatever is in it. */
export function quotedForShell(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
