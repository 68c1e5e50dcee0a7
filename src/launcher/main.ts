import { existsSync } from 'node:fs';
import module from 'node:module';
import path from 'node:path';
import { launcherVariables } from '../shared/launcherVariables.ts';
import { ignoredSignals, ignoreSignals } from './ignoredSignals.ts';

// Before the rest is loaded: one may come meanwhile.
ignoreSignals(ignoredSignals(process.env));

// A launcher lives for the time of one command, and most of what it costs is compiling: Node keeps what it has compiled,
// in a directory of the user's alone (what is in it runs). A directory that is not there says that no engine is.
const home = process.env[launcherVariables.home] ?? '';
if (existsSync(home)) module.enableCompileCache(path.join(home, 'compiled'));

// A terminal that was closed takes no more text, which is no reason to leave the agent.
process.stderr.on('error', () => undefined);
// Loaded only now, or it would be compiled before the cache is on.
void import('./program.ts').then(({ runProgram }) => runProgram());
