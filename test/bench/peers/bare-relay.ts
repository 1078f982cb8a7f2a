import { createServer, type Socket } from 'node:net';

/**
 * What a relay can do on Node that does nothing but relay: it cuts whole runs out of each read and writes
 * each once to each other link, a tick's runs under one cork. No presence, no limits, no other node.
 *
 * Prints the port that it listens on.
 */

const UNSENT_MARK_BYTES = 8 * 1024 * 1024;
const EMPTY = Buffer.alloc(0);

interface Link {
  readonly socket: Socket;
  rest: Buffer;
  corked: boolean;
}

const links = new Set<Link>();
let corked: Link[] = [];
let held = false;

function write(link: Link, bytes: Buffer): void {
  if (!link.corked) {
    link.corked = true;
    link.socket.cork();
    if (corked.push(link) === 1) setImmediate(uncorkAll);
  }
  link.socket.write(bytes);
}

function uncorkAll(): void {
  const all = corked;
  corked = [];
  for (const link of all) {
    link.corked = false;
    link.socket.uncork();
  }
  if (all.some(({ socket }) => socket.writableLength > UNSENT_MARK_BYTES)) hold(true);
}

function hold(hold: boolean): void {
  if (held === hold) return;
  held = hold;
  for (const { socket } of links) {
    if (hold) socket.pause();
    else socket.resume();
  }
}

function relay(from: Link, run: Buffer): void {
  for (const link of links) {
    if (link !== from) write(link, run);
  }
}

function read(link: Link, chunk: Buffer): void {
  let start = 0;
  if (link.rest.length > 0) {
    const head = Buffer.concat([link.rest, chunk.subarray(0, 4)]);
    if (head.length < 4) {
      link.rest = head;
      return;
    }
    const missing = head.readUInt32BE(0) - link.rest.length;
    if (missing > chunk.length) {
      link.rest = Buffer.concat([link.rest, chunk]);
      return;
    }
    relay(link, Buffer.concat([link.rest, chunk.subarray(0, missing)]));
    start = missing;
  }
  let end = start;
  while (end + 4 <= chunk.length) {
    const next = end + chunk.readUInt32BE(end);
    if (next > chunk.length) break;
    end = next;
  }
  if (end > start) relay(link, chunk.subarray(start, end));
  link.rest = end < chunk.length ? Buffer.from(chunk.subarray(end)) : EMPTY;
}

const server = createServer({ noDelay: true }, (socket) => {
  const link = { socket, rest: EMPTY, corked: false };
  links.add(link);
  if (held) socket.pause();
  socket.on('data', (chunk: Buffer) => read(link, chunk));
  socket.on('drain', () => {
    if ([...links].every((one) => one.socket.writableLength <= UNSENT_MARK_BYTES / 2)) hold(false);
  });
  socket.on('error', () => socket.destroy());
  socket.on('close', () => {
    links.delete(link);
    hold(false);
  });
});
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  if (typeof address === 'object' && address !== null) process.stdout.write(`${address.port}\n`);
});
