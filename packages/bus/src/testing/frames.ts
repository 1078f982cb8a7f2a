/** The codecs of frames, for tests of other packages that forge frames. */
export { encodeAck } from '../wire/ack-frame.ts';
export { encodeData, encodeLeave } from '../wire/data-frame.ts';
export { readHeader } from '../wire/header.ts';
export { encodeHeartbeat } from '../wire/heartbeat-frame.ts';
