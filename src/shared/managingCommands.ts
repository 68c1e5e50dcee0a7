/** Commands of Claude Code that manage what is on this machine and ask no model. Source: `claude --help`. */
export const managingCommands: readonly string[] =
  'auth auto-mode config doctor gateway import install logs mcp plugin plugins purge rm setup-token stop kill update upgrade'.split(
    ' ',
  );

/** Options in their place that only inform. */
export const informingOptions: readonly string[] = ['-h', '--help', '-v', '--version'];
