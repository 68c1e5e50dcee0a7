import { launcherVariables } from '../shared/launcherVariables.ts';
import { shimMarker } from '../shared/shimMarker.ts';
import type { ShimTargets } from './shimTargets.ts';

/** The `agent-quota` command for cmd.exe and PowerShell. */
export function agentQuotaBatch(targets: ShimTargets, userProfile: string): string {
  return batch(targets, userProfile, '%*', [
    'echo agent-quota: the extension Agent Quota is not where it was. Install it again, or open a new terminal. 1>&2',
    'exit /b 127',
  ]);
}

/** The `claude` command for cmd.exe and PowerShell; see `claudeScript`. */
export function claudeBatch(targets: ShimTargets, userProfile: string): string {
  return batch(targets, userProfile, 'run --shim -- claude %*', [
    // `where` also names files that cmd.exe does not run, such as scripts for other shells.
    `for /f "delims=" %%P in ('where claude 2^>nul') do (`,
    '  if /i "%%~xP"==".exe" set "AQ_REAL=%%P" & goto found',
    `  if /i "%%~xP"==".cmd" findstr /m /c:"${shimMarker}" "%%P" >nul 2>nul || (set "AQ_REAL=%%P" & goto found)`,
    ')',
    'echo claude: not found 1>&2',
    'exit /b 127',
    ':found',
    '"%AQ_REAL%" %*',
    'exit /b %errorlevel%',
  ]);
}

/**
 * cmd.exe reads a script in the console's code page, in which a name with other letters than ASCII's comes out wrong: most
 * such names are the user's own, and that part of a path is left to the environment.
 */
function batch(targets: ShimTargets, userProfile: string, args: string, gone: readonly string[]): string {
  const { home } = launcherVariables;
  const value = (path: string): string => batchPath(path, userProfile);
  return [
    '@echo off',
    `rem ${shimMarker} ${targets.version}: written by the extension Agent Quota, which writes it again.`,
    'setlocal DisableDelayedExpansion',
    `set "AQ_NODE=${value(targets.node)}"`,
    `set "AQ_LAUNCHER=${value(targets.launcher)}"`,
    'if not exist "%AQ_NODE%" goto gone',
    'if not exist "%AQ_LAUNCHER%" goto gone',
    `if not defined ${home} set "${home}=${value(targets.home)}"`,
    'set "ELECTRON_RUN_AS_NODE=1"',
    `"%AQ_NODE%" "%AQ_LAUNCHER%" ${args}`,
    'exit /b %errorlevel%',
    ':gone',
    ...gone,
    '',
  ].join('\r\n');
}

function batchPath(path: string, userProfile: string): string {
  const inside = userProfile !== '' && path.toLowerCase().startsWith(`${userProfile.toLowerCase()}\\`);
  const rest = (inside ? path.slice(userProfile.length) : path).replaceAll('%', '%%');
  return inside ? `%USERPROFILE%${rest}` : rest;
}
