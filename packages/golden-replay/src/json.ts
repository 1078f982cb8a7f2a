/** A JSON object of unknown content. */
export type JsonObject = Readonly<Record<string, unknown>>;

function wrong(expected: string, given: unknown): Error {
  return new Error(`in a trace: expected ${expected}, given ${JSON.stringify(given)}`);
}

/** @throws Error when it is not one. */
export function asObject(value: unknown): JsonObject {
  if (!isObject(value)) throw wrong('an object', value);
  return value;
}

/** @throws Error when it is not one. */
export function asList(value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw wrong('a list', value);
  return value;
}

/** @throws Error when it is not one. */
export function asText(value: unknown): string {
  if (typeof value !== 'string') throw wrong('a text', value);
  return value;
}

/** @throws Error when it is not one, or is missing without a `fallback`. */
export function asNumber(value: unknown, fallback?: number): number {
  const given = value ?? fallback;
  if (typeof given !== 'number') throw wrong('a number', value);
  return given;
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
