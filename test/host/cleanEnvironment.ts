/**
 * This process's environment with `added` on top (`undefined` removes), without what an outer VS Code or npm puts
 * there: a VS Code that is started from a VS Code terminal would take itself for a part of that one.
 */
export function cleanEnvironment(added: Readonly<Record<string, string | undefined>>): NodeJS.ProcessEnv {
  const outer = /^(VSCODE_|ELECTRON_|npm_)|^NODE_OPTIONS$/;
  const kept = Object.entries(process.env).filter(([name]) => !outer.test(name));
  return { ...Object.fromEntries(kept), ...added };
}
