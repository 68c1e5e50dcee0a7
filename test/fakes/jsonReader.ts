import { isJsonObject } from './jsonObject.ts';

/** Checks a JSON value; throws an Error that names the place (`where`) of what is wrong. */
export type JsonReader<T> = (value: unknown, where: string) => T;

export const readString: JsonReader<string> = (value, where) =>
  typeof value === 'string' ? value : fail(where, 'a string');

export const readBoolean: JsonReader<boolean> = (value, where) =>
  typeof value === 'boolean' ? value : fail(where, 'true or false');

export const readObject: JsonReader<Readonly<Record<string, unknown>>> = (value, where) =>
  isJsonObject(value) ? value : fail(where, 'an object');

/** A finite number of at least `min`. */
export function readNumber(min: number): JsonReader<number> {
  return (value, where) =>
    typeof value === 'number' && Number.isFinite(value) && value >= min
      ? value
      : fail(where, `a number of at least ${min}`);
}

/** A whole number of at least `min`. */
export function readInteger(min: number): JsonReader<number> {
  return (value, where) =>
    Number.isInteger(value) ? readNumber(min)(value, where) : fail(where, `a whole number of at least ${min}`);
}

export function readOneOf<T extends string | number | null>(...choices: readonly T[]): JsonReader<T> {
  return (value, where) => {
    const index = choices.findIndex((choice) => choice === value);
    return index < 0 ? fail(where, `one of ${choices.join(', ')}`) : (choices[index] as T);
  };
}

export function readArray<T>(item: JsonReader<T>): JsonReader<readonly T[]> {
  return (value, where) =>
    Array.isArray(value) ? value.map((element, index) => item(element, `${where}[${index}]`)) : fail(where, 'an array');
}

/** The first reader that accepts the value; the complaint is the last one's. */
export function readEither<A, B>(first: JsonReader<A>, second: JsonReader<B>): JsonReader<A | B> {
  return (value, where) => {
    try {
      return first(value, where);
    } catch {
      return second(value, where);
    }
  };
}

/** A field that may be left out. */
export function optional<T>(reader: JsonReader<T>): JsonReader<T | undefined> {
  return (value, where) => (value === undefined ? undefined : reader(value, where));
}

/** An object with these fields and no others; fields that are left out stay out. */
export function readFields<T extends object>(readers: {
  readonly [K in keyof T]-?: JsonReader<T[K] | undefined>;
}): JsonReader<T> {
  return (value, where) => {
    const object = readObject(value, where);
    const unknown = Object.keys(object).find((name) => !Object.hasOwn(readers, name));
    if (unknown !== undefined) {
      throw new Error(`${where}.${unknown} is not known`);
    }
    const fields = Object.entries<JsonReader<unknown>>(readers)
      .map(([name, reader]) => [name, reader(object[name], `${where}.${name}`)] as const)
      .filter(([, field]) => field !== undefined);
    return Object.fromEntries(fields) as T;
  };
}

function fail(where: string, expected: string): never {
  throw new Error(`${where} must be ${expected}`);
}
