import path from 'node:path';

/** The checkout's root. */
export const repositoryRoot = path.resolve(import.meta.dirname, '..', '..');

/** Where what is installed for tests lives: git-ignored, and safe to delete at any time. */
export const toolsDirectory = path.join(repositoryRoot, '.vscode-test');

/** Where the tests that run inside VS Code are bundled to. */
export const testBundleDirectory = path.join(repositoryRoot, 'out', 'test', 'vscode');

/** Where screenshots go, those that tests ask for and those of failures (`failed-*.png`). */
export const screenshotDirectory = path.join(repositoryRoot, 'out', 'screenshots');
