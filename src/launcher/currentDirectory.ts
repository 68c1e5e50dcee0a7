/**
 * The directory that this process is in. Node.js throws where it has been removed: then it is the one that it was, as the
 * shell has called it.
 */
export function currentDirectory(): string {
  try {
    return process.cwd();
  } catch {
    const was = process.env['PWD'] ?? '';
    return was.startsWith('/') ? was : '/';
  }
}
