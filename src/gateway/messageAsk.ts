import { type AdmissionAsk } from '../core/admission.ts';
import { TopLevelJson } from './topLevelJson.ts';

/** What the begin of a message's body tells of what it asks for. */
export type MessageAsk = Pick<AdmissionAsk, 'model' | 'maxTokens'>;

/** How much is scanned before it is looked whether all is found, in bytes. */
const stepBytes = 1024;
const longestModel = 200;

/**
 * Reads what a request to the Messages API asks for from the begin of its body, cut anywhere. Bodies of Claude Code
 * begin with the model and have `max_tokens` behind the messages, so that it is often not in the begin.
 * @param begin not compressed.
 */
export function readMessageAsk(begin: Buffer): MessageAsk {
  // The search costs next to nothing, and spares the scan of messages for what comes after the begin.
  const missing = new Set(['model', 'max_tokens'].filter((name) => begin.includes(`"${name}"`)));
  let model: string | undefined;
  let maxTokens: number | undefined;
  const json = new TopLevelJson(missing, (name, value) => {
    missing.delete(name);
    if (name === 'model') model = isModel(value) ? value : undefined;
    else maxTokens = isCount(value) ? value : undefined;
  });
  for (let at = 0; at < begin.length && missing.size > 0; at += stepBytes) {
    json.push(begin.subarray(at, at + stepBytes));
  }
  return { ...(model !== undefined && { model }), ...(maxTokens !== undefined && { maxTokens }) };
}

function isModel(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value.length <= longestModel;
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) > 0;
}
