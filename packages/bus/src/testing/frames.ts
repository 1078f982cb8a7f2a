/** The codecs of frames, for tests of other packages that forge frames. */
export { decodeAck, encodeAck } from '../wire/ack-frame.ts';
export { decodeData, encodeData, encodeLeave } from '../wire/data-frame.ts';
export { readHeader } from '../wire/header.ts';
export { decodeHeartbeat, encodeHeartbeat } from '../wire/heartbeat-frame.ts';
