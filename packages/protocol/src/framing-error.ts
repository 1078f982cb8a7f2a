import { HEADER_BYTES } from './header.ts';

/** Errors of a stream's framing. Both close the link, which cannot be resynchronised. */
export const FRAMING_ERROR_CODES = ['length-too-small', 'length-too-large'] as const;

/** One of {@link FRAMING_ERROR_CODES}; fit for a metric label. */
export type FramingErrorCode = (typeof FRAMING_ERROR_CODES)[number];

/** A header with an impossible length. */
export interface FramingError {
  readonly code: FramingErrorCode;
  /** Names the given and the expected value. */
  readonly message: string;
  /** The received bytes of the header: 4 to 16. A copy. */
  readonly header: Buffer;
}

/**
 * Checks a length field. Protocol: a PDU is at least its header; more than `maxPduBytes` is
 * refused.
 */
export function lengthErrorCode(length: number, maxPduBytes: number): FramingErrorCode | undefined {
  if (length < HEADER_BYTES) return 'length-too-small';
  return length > maxPduBytes ? 'length-too-large' : undefined;
}

/** Creates the error. At most 16 bytes of `header`, from the length field on, are copied. */
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
