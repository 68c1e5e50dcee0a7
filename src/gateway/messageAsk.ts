import type { AdmissionAsk } from '../core/admission.ts';
import { lastMember } from './lastMember.ts';
import { TopLevelJson } from './topLevelJson.ts';

/** What the begin of a message's body tells of what it asks for. */
export type MessageAsk = Pick<AdmissionAsk, 'model' | 'maxTokens'>;

const memberNames = ['model', 'max_tokens'] as const;

/** How much is scanned before it is looked whether all is found, in bytes. */
const stepBytes = 256;
const longestModel = 200;

/**
 * Reads what a request to the Messages API asks for from the begin of its body, cut anywhere. Bodies of Claude Code
 * begin with the model and have `max_tokens` behind the messages: it is often not in the begin, and looked for from the
 * end of a body that is whole.
 * @param begin not compressed.
 * @param isWhole whether it is all of the body.
 */
export function readMessageAsk(begin: Buffer, isWhole: boolean): MessageAsk {
  const found: Partial<Record<(typeof memberNames)[number], unknown>> = {};
  const near = isWhole ? begin.subarray(0, stepBytes) : begin;
  // The search costs next to nothing, and spares the scan of messages for what comes after the begin.
  const missing = new Set<string>(memberNames.filter((name) => near.includes(`"${name}"`)));
  const json = new TopLevelJson(missing, (name, value) => {
    missing.delete(name);
    found[name === 'model' ? 'model' : 'max_tokens'] = value;
  });
  for (let at = 0; at < near.length && missing.size > 0; at += stepBytes) json.push(near.subarray(at, at + stepBytes));
  if (isWhole) for (const name of memberNames) if (!(name in found)) found[name] = lastMember(begin, name);
  const { model, max_tokens: maxTokens } = found;
  return { ...(isModel(model) && { model }), ...(isCount(maxTokens) && { maxTokens }) };
}

function isModel(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value.length <= longestModel;
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) > 0;
}
