import { homedir } from 'node:os';
import path from 'node:path';
import { undoEverything } from './outside/undoEverything.ts';

/*
 * VS Code runs this by itself, without its API, at the start after the extension was uninstalled (`vscode:uninstall` in
 * package.json), from the extension's own folder, which is removed then.
 */
const extensions = path.dirname(path.dirname(path.dirname(process.argv[1] ?? '')));
void undoEverything(homedir(), extensions).then((failed) => {
  for (const file of failed) console.error(`Agent Quota could not put back what it had changed in ${file}.`);
});
