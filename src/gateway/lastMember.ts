const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/**
 * Reads a member of a JSON object from the object's end, so that what stands before it is not looked at. Like
 * `TopLevelJson` it trusts the object to be well formed. Source: RFC 8259.
 * @param object whole, without anything after it but white space.
 * @returns undefined when it has no such member, or no JSON in it.
 */
export function lastMember(object: Buffer, wanted: string): unknown {
  let depth = 0;
  let valueEnd = 0;
  /** Of the member whose name comes next. */
  let colon: number | undefined;
  for (let at = object.length - 1; at >= 0; at -= 1) {
    switch (object[at] ?? 0) {
      case QUOTE: {
        const end = at;
        at = beginOfString(object, end);
        if (depth !== 1 || colon === undefined) break;
        if (end - at - 1 === wanted.length && object.toString('latin1', at + 1, end) === wanted) {
          return parsed(object.toString('utf8', colon + 1, valueEnd));
        }
        colon = undefined;
        break;
      }
      case 0x7d: // }
      case 0x5d: // ]
        if (depth === 0) valueEnd = at;
        depth += 1;
        break;
      case 0x7b: // {
      case 0x5b: // [
        depth -= 1;
        break;
      case 0x2c: // ,
        if (depth === 1) valueEnd = at;
        break;
      case 0x3a: // :
        if (depth === 1) colon = at;
    }
  }
  return undefined;
}

/** @returns where the string begins that ends with this quote, or -1. Of the quotes in it each follows a backslash. */
function beginOfString(object: Buffer, end: number): number {
  for (let at = end - 1; at >= 0; at -= 1) {
    if (object[at] !== QUOTE) continue;
    let before = at;
    while (object[before - 1] === BACKSLASH) before -= 1;
    if ((at - before) % 2 === 0) return at;
    at = before;
  }
  return -1;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
