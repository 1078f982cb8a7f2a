/**
 * What travels on the channels: entries for all nodes; a node's heartbeat; its last frame; entries
 * in frames of which not every node gets each; what one node has of another's frames; a frame for
 * one node on the channel of all.
 */
export const FRAME_TYPES = {
  data: 1,
  heartbeat: 2,
  leave: 3,
  linked: 4,
  ack: 5,
  envelope: 6,
} as const;

/** The kind of a frame on the channel. */
export type FrameType = keyof typeof FRAME_TYPES;

/** Bits of the flags in a header. */
export const FLAGS = {
  /** The reader should acknowledge at once. */
  asksAck: 1,
  /** The sender hears what is published to it alone. */
  hearsOwn: 2,
  /**
   * The reader has acknowledged frames that were never sent: it must go on behind the sender's
   * last.
   */
  restart: 4,
  /** The sender has queued entries that it has not sent. */
  queued: 8,
} as const;

/** The beginning of every frame. */
export interface Header {
  readonly type: FrameType;
  readonly sender: string;
  /** Of a frame with entries its own number; else the number of the last one sent. */
  readonly sequence: number;
  readonly flags: number;
  /** Where the rest begins. */
  readonly end: number;
}

/** The beginning of a frame of another version. */
export interface ForeignFrame {
  readonly version: number;
  /** Undefined where it cannot be read. */
  readonly sender: string | undefined;
}

/** The longest node id, in bytes. */
export const MAX_NODE_ID_BYTES = 32;

/** The longest frame that is read. No node publishes one nearly as long. */
export const MAX_READ_BYTES = 1024 * 1024;

/**
 * Raised when the layout changes: nodes of different versions must not misread each other. Version,
 * type and id stand at the same place in every version.
 */
export const VERSION = 2;

/** Bytes of a sequence number: at a million frames a second it lasts for four years. */
export const SEQUENCE_BYTES = 6;

/** The largest number of a frame that is read. Acks also name the number after it. */
export const MAX_SEQUENCE = 2 ** 47;

const TYPE_AT = 1;
const ID_LENGTH_AT = 2;
const ID_AT = 3;
const FLAGS_BYTES = 1;

/** Whether an id can travel: ASCII without spaces, 1 to 32 bytes. */
export function isNodeId(id: string): boolean {
  return id.length <= MAX_NODE_ID_BYTES && /^[!-~]+$/.test(id);
}

/** How many bytes a node id takes up behind a header. */
export function idSize(id: string): number {
  return 1 + id.length;
}

/** Writes a node id behind a header; returns where it ends. */
export function writeId(frame: Buffer, id: string, at: number): number {
  frame[at] = id.length;
  return at + 1 + frame.write(id, at + 1, 'latin1');
}

/** Whose frame it is, and its number or that of the last one. */
export interface Origin {
  readonly sender: string;
  readonly sequence: number;
  readonly flags?: number;
}

/** A new frame with room for `size` bytes after its header, which begin at `start`. */
export function writeHeader(
  type: FrameType,
  { sender, sequence, flags = 0 }: Origin,
  size: number,
): { readonly frame: Buffer; readonly start: number } {
  const sequenceAt = ID_AT + sender.length;
  const flagsAt = sequenceAt + SEQUENCE_BYTES;
  const frame = Buffer.allocUnsafe(flagsAt + FLAGS_BYTES + size);
  frame[0] = VERSION;
  frame[TYPE_AT] = FRAME_TYPES[type];
  frame[ID_LENGTH_AT] = sender.length;
  frame.write(sender, ID_AT, 'latin1');
  frame.writeUIntBE(sequence, sequenceAt, SEQUENCE_BYTES);
  frame[flagsAt] = flags;
  return { frame, start: flagsAt + FLAGS_BYTES };
}

/**
 * Reads the beginning of a frame; undefined when it is none of this version, or has a number out of
 * range.
 */
export function readHeader(frame: Buffer): Header | undefined {
  if (frame[0] !== VERSION || frame.length > MAX_READ_BYTES) return undefined;
  const type = typeOf(frame[TYPE_AT]);
  const sender = readSender(frame);
  if (type === undefined || sender === undefined) return undefined;
  const sequenceAt = ID_AT + sender.length;
  const flagsAt = sequenceAt + SEQUENCE_BYTES;
  const flags = frame[flagsAt];
  if (flags === undefined) return undefined;
  const sequence = frame.readUIntBE(sequenceAt, SEQUENCE_BYTES);
  if (sequence > MAX_SEQUENCE) return undefined;
  return { type, sender, sequence, flags, end: flagsAt + FLAGS_BYTES };
}

/**
 * Reads what a frame of another version says of itself; undefined for one of this version, or an
 * empty one.
 */
export function readForeign(frame: Buffer): ForeignFrame | undefined {
  const [version] = frame;
  if (version === undefined || version === VERSION) return undefined;
  return { version, sender: readSender(frame) };
}

/**
 * Reads on behind a header; @throws RangeError where the frame ends too early or a number is out of
 * range.
 */
export class FrameReader {
  readonly #frame: Buffer;
  #at: number;

  constructor(frame: Buffer, at: number) {
    this.#frame = frame;
    this.#at = at;
  }

  get at(): number {
    return this.#at;
  }

  byte(): number {
    return this.#frame.readUInt8(this.#advance(1));
  }

  count(): number {
    return this.#frame.readUInt16BE(this.#advance(2));
  }

  milliseconds(): number {
    return this.#frame.readUInt32BE(this.#advance(4));
  }

  sequence(): number {
    const value = this.#frame.readUIntBE(this.#advance(SEQUENCE_BYTES), SEQUENCE_BYTES);
    if (value > MAX_SEQUENCE + 1) throw new RangeError(`sequence number ${value} is out of range`);
    return value;
  }

  id(): string {
    const length = this.byte();
    const start = this.#advance(length);
    const id = this.#frame.toString('latin1', start, start + length);
    if (!isNodeId(id)) throw new RangeError('a node id is empty, too long or not ASCII');
    return id;
  }

  /** Moves on, and returns where it was. */
  #advance(bytes: number): number {
    const start = this.#at;
    this.#at += bytes;
    if (this.#at > this.#frame.length) throw new RangeError('the frame ends too early');
    return start;
  }
}

/**
 * What `read` makes of a frame; undefined where that throws a RangeError, as the frame is damaged.
 */
export function readOrUndefined<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

function readSender(frame: Buffer): string | undefined {
  const length = frame[ID_LENGTH_AT] ?? 0;
  if (length > MAX_NODE_ID_BYTES || ID_AT + length > frame.length) return undefined;
  const sender = frame.toString('latin1', ID_AT, ID_AT + length);
  return isNodeId(sender) ? sender : undefined;
}

function typeOf(code: number | undefined): FrameType | undefined {
  switch (code) {
    case FRAME_TYPES.data:
      return 'data';
    case FRAME_TYPES.heartbeat:
      return 'heartbeat';
    case FRAME_TYPES.leave:
      return 'leave';
    case FRAME_TYPES.linked:
      return 'linked';
    case FRAME_TYPES.ack:
      return 'ack';
    case FRAME_TYPES.envelope:
      return 'envelope';
    default:
      return undefined;
  }
}
