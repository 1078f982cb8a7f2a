import { decodeAck, decodeData, decodeHeartbeat, readHeader } from '@route/bus/testing/frames';

/** A frame in one line, as `reader` decodes it. */
export function frameText(frame: Buffer, reader: string): string {
  const header = readHeader(frame);
  if (header === undefined) return `malformed ${frame.toString('hex')}`;
  const { type, sender, sequence } = header;
  switch (type) {
    case 'heartbeat':
      return `${sender} heartbeat ${JSON.stringify(decodeHeartbeat(header, frame))}`;
    case 'ack':
      return `${sender} ack ${JSON.stringify(decodeAck(header, frame))}`;
    case 'data':
    case 'linked': {
      const data = decodeData(header, frame, reader);
      const entries = data?.entries.map(({ kind, bytes }) => `${kind}/${bytes.length}`);
      return `${sender} data ${sequence} after ${data?.prevSeq}: ${entries?.join(' ')}`;
    }
    case 'leave':
    case 'envelope':
      return `${sender} ${type} ${sequence}`;
  }
}
