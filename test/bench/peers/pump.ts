import { createServer, type Socket } from 'node:net';
import { loadPdu } from '../load/load-pdu.ts';

/**
 * No relay at all: once links send, it discards what it reads and writes prebuilt PDUs to every
 * link as fast as the link reads. The result is the maximum that a load can receive.
 *
 * Prints the port that it listens on. Argument: bytes of a PDU.
 */

const BLOCK_BYTES = 64 * 1024;
const pdu = loadPdu(Number(process.argv[2]));
const blockPdus = Math.max(1, Math.floor(BLOCK_BYTES / pdu.length));
const block = Buffer.concat(Array.from({ length: blockPdus }, () => pdu));

const sockets = new Set<Socket>();
let flooding = false;

function pump(socket: Socket): void {
  while (flooding && socket.writable && socket.write(block));
}

function read(from: Socket, bytes: number): void {
  if (flooding) return;
  // Before a load starts, its links check with single PDUs that they receive each other.
  flooding = bytes >= BLOCK_BYTES;
  for (const socket of sockets) {
    if (flooding) pump(socket);
    else if (socket !== from) socket.write(pdu);
  }
}

const server = createServer({ noDelay: true }, (socket) => {
  sockets.add(socket);
  socket.on('data', (chunk: Buffer) => read(socket, chunk.length));
  socket.on('drain', () => pump(socket));
  socket.on('error', () => socket.destroy());
  socket.on('close', () => sockets.delete(socket));
});
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  if (typeof address === 'object' && address !== null) process.stdout.write(`${address.port}\n`);
});
