import type { DecodedMessage } from '@route/protocol';

/** Fields with user content; all others are ids, times and types. */
const CONTENTS: ReadonlySet<string> = new Set([
  'msgData',
  'attachData',
  'cmdMsgData',
  'signInfo',
  'fileName',
]);

/** A body's fields; of contents only how many bytes they have. */
export function withoutContents(fields: DecodedMessage['fields']): Record<string, unknown> {
  const shown = Object.entries(fields).map(([name, value]: [string, unknown]) => [
    name,
    CONTENTS.has(name) ? { bytes: Buffer.byteLength(bytesOf(value)) } : value,
  ]);
  return Object.fromEntries(shown);
}

function bytesOf(value: unknown): string | Uint8Array {
  return typeof value === 'string' || value instanceof Uint8Array ? value : '';
}
