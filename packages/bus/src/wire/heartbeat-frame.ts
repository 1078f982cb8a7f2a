import {
  FLAGS,
  FrameReader,
  type Header,
  readOrUndefined,
  SEQUENCE_BYTES,
  writeHeader,
} from './header.ts';

/** What every node publishes to all at a fixed rate; its size is fixed. */
export interface Heartbeat {
  readonly sender: string;
  /** The last frame it has sent; 0 for none. */
  readonly tail: number;
  /** The last of these that is for all nodes. */
  readonly tailForAll: number;
  /** Its heartbeats counted from 1. */
  readonly seq: number;
  /** Whether every node should acknowledge at once. */
  readonly asksAck: boolean;
  /** Whether it hears what is published to it alone. */
  readonly hearsOwn: boolean;
}

/** Encodes a heartbeat as one frame. */
export function encodeHeartbeat(heartbeat: Heartbeat): Buffer {
  const { sender, tail, tailForAll, seq, asksAck, hearsOwn } = heartbeat;
  const flags = (asksAck ? FLAGS.asksAck : 0) | (hearsOwn ? FLAGS.hearsOwn : 0);
  const { frame, start } = writeHeader(
    'heartbeat',
    { sender, sequence: tail, flags },
    2 * SEQUENCE_BYTES,
  );
  const at = frame.writeUIntBE(seq, start, SEQUENCE_BYTES);
  frame.writeUIntBE(tailForAll, at, SEQUENCE_BYTES);
  return frame;
}

/** Reads a heartbeat behind its header; undefined when it is damaged. */
export function decodeHeartbeat(header: Header, frame: Buffer): Heartbeat | undefined {
  return readOrUndefined(() => {
    const reader = new FrameReader(frame, header.end);
    const seq = reader.sequence();
    const tailForAll = reader.sequence();
    if (seq === 0 || tailForAll > header.sequence) return undefined;
    return {
      sender: header.sender,
      tail: header.sequence,
      tailForAll,
      seq,
      asksAck: (header.flags & FLAGS.asksAck) !== 0,
      hearsOwn: (header.flags & FLAGS.hearsOwn) !== 0,
    };
  });
}
