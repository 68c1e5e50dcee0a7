import assert from 'node:assert/strict';

/** What comes of an answer until it is cut. @throws AssertionError when it ends as a whole one does. */
export async function readUntilCut({ body }: Response): Promise<string> {
  assert.ok(body !== null);
  const decoder = new TextDecoder();
  let text = '';
  try {
    for await (const chunk of body) text += decoder.decode(chunk as Uint8Array, { stream: true });
  } catch {
    return text;
  }
  throw new assert.AssertionError({ message: `It ended as a whole answer does: ${text}` });
}
