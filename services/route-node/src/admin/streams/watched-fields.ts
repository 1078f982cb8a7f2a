import type { DecodedMessage } from '@route/protocol';

/** Fields that carry what users write or name; all others say who, where, when and what kind. */
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
