import { readFileSync } from 'node:fs';
import * as z from 'zod';

/** What Claude Code keeps beside a subagent's transcript. Source: files that Claude Code 2.1.330 writes. */
const metaSchema = z.object({ parentAgentId: z.string().max(200).optional() });
type SubagentMeta = z.infer<typeof metaSchema>;

/** Tells which subagent has started another, as the files beside their transcripts say. */
export class SubagentParents {
  readonly #known = new Map<string, SubagentMeta>();

  /** @param path of the subagent's transcript. @returns undefined where the session's own agent did, or nothing says. */
  of(path: string): string | undefined {
    const known = this.#known.get(path) ?? readMeta(path);
    if (known !== undefined) this.#known.set(path, known);
    return known?.parentAgentId;
  }
}

function readMeta(path: string): SubagentMeta | undefined {
  try {
    return metaSchema.parse(JSON.parse(readFileSync(path.replace(/\.jsonl$/, '.meta.json'), 'utf8')));
  } catch {
    return undefined;
  }
}
