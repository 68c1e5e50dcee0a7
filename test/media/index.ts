/** What VS Code calls in its extension host: the entry of the tests, which finds what is bundled beside it. */
export { run } from '../vscode/index.ts';
