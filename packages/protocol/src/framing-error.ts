import { HEADER_BYTES } from './header.ts';

/** Why a stream can no longer be cut into PDUs. Both close the link: it can never be resynchronised. */
export const FRAMING_ERROR_CODES = ['length-too-small', 'length-too-large'] as const;

/** One of {@link FRAMING_ERROR_CODES}; fit for a metric label. */
export type FramingErrorCode = (typeof FRAMING_ERROR_CODES)[number];

/** A header whose length cannot be. */
export interface FramingError {
  readonly code: FramingErrorCode;
  /** Names what was given and what was expected. */
  readonly message: string;
  /** The header's bytes as far as they had come: 4 to 16. A copy. */
  readonly header: Buffer;
}

/** Judges a length field: protocol: a PDU is at least its header; more than `maxPduBytes` is refused. */
export function lengthErrorCode(length: number, maxPduBytes: number): FramingErrorCode | undefined {
  if (length < HEADER_BYTES) return 'length-too-small';
  return length > maxPduBytes ? 'length-too-large' : undefined;
}

/** Puts the error together. `header` begins with the length field and is copied, at most 16 bytes. */
export function framingError(
  code: FramingErrorCode,
  header: Buffer,
  maxPduBytes: number,
): FramingError {
  const length = header.readUInt32BE(0);
  return {
    code,
    message: `PDU length is ${length} bytes, expected ${HEADER_BYTES} to ${maxPduBytes}`,
    header: Buffer.from(header.subarray(0, HEADER_BYTES)),
  };
}
