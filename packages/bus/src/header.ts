/**
 * What travels on the channels: entries, where a node is, its last word, and entries in frames of which not
 * every node gets each.
 */
export const FRAME_TYPES = { data: 1, status: 2, leave: 3, linked: 4 } as const;

/** The kind of a frame on the channel. */
export type FrameType = keyof typeof FRAME_TYPES;

/** The beginning of every frame. */
export interface Header {
  readonly type: FrameType;
  readonly sender: string;
  /** Of a frame with entries its own number; else the number of the last one sent. */
  readonly sequence: number;
  /** Where the rest begins. */
  readonly end: number;
}

/** The longest node id, in bytes. */
export const MAX_NODE_ID_BYTES = 32;

/** Raised when the layout changes: nodes of different versions must not misread each other. */
const VERSION = 1;

/** Bytes of a sequence number: at a million frames a second it lasts for nine years. */
export const SEQUENCE_BYTES = 6;

const TYPE_AT = 1;
const ID_LENGTH_AT = 2;
const ID_AT = 3;

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

/** Reads one; @throws RangeError where the frame ends too early. */
export function readId(frame: Buffer, at: number): { readonly id: string; readonly end: number } {
  const end = at + 1 + Math.min(frame.readUInt8(at), MAX_NODE_ID_BYTES);
  if (end > frame.length) throw new RangeError('the frame ends within a node id');
  return { id: frame.toString('latin1', at + 1, end), end };
}

/** A new frame with room for `size` bytes after its header, which begin at `start`. */
export function writeHeader(
  type: FrameType,
  origin: { readonly sender: string; readonly sequence: number },
  size: number,
): { readonly frame: Buffer; readonly start: number } {
  const sequenceAt = ID_AT + origin.sender.length;
  const start = sequenceAt + SEQUENCE_BYTES;
  const frame = Buffer.allocUnsafe(start + size);
  frame[0] = VERSION;
  frame[TYPE_AT] = FRAME_TYPES[type];
  frame[ID_LENGTH_AT] = origin.sender.length;
  frame.write(origin.sender, ID_AT, 'latin1');
  frame.writeUIntBE(origin.sequence, sequenceAt, SEQUENCE_BYTES);
  return { frame, start };
}

/** Reads the beginning of a frame; undefined when it is none of this version. */
export function readHeader(frame: Buffer): Header | undefined {
  const idLength = frame[ID_LENGTH_AT];
  if (frame[0] !== VERSION || idLength === undefined || idLength > MAX_NODE_ID_BYTES) {
    return undefined;
  }
  const sequenceAt = ID_AT + idLength;
  const end = sequenceAt + SEQUENCE_BYTES;
  const type = typeOf(frame[TYPE_AT]);
  if (type === undefined || idLength === 0 || end > frame.length) return undefined;
  const sender = frame.toString('latin1', ID_AT, sequenceAt);
  return { type, sender, sequence: frame.readUIntBE(sequenceAt, SEQUENCE_BYTES), end };
}

function typeOf(code: number | undefined): FrameType | undefined {
  switch (code) {
    case FRAME_TYPES.data:
      return 'data';
    case FRAME_TYPES.status:
      return 'status';
    case FRAME_TYPES.leave:
      return 'leave';
    case FRAME_TYPES.linked:
      return 'linked';
    default:
      return undefined;
  }
}
