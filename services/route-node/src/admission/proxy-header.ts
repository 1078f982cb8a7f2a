import { isIP } from 'node:net';
import { foreignProtocol } from './foreign-protocol.ts';

/** The content of a PROXY protocol header. */
export type ProxyHeader =
  /** Relayed for a msg_server at this address. */
  | { readonly kind: 'proxied'; readonly address: string; readonly port: number }
  /** Relayed without an address: the connection's own address counts. */
  | { readonly kind: 'unknown' }
  /** Made by the load balancer for itself, mostly a health check: its own address counts. */
  | { readonly kind: 'local' };

/** Progress of a header. `rest` has the bytes after it, which belong to the connection itself. */
export type ProxyProgress =
  | { readonly kind: 'incomplete' }
  | { readonly kind: 'complete'; readonly header: ProxyHeader; readonly rest: Buffer }
  | { readonly kind: 'wrong'; readonly problem: string };

/** How headers of version 2 and of version 1 begin. */
const SIGNATURE = Buffer.from('0d0a0d0a000d0a515549540a', 'hex');
const WORDS = Buffer.from('PROXY ');

/** A line of version 1 with its end has no more bytes than this. */
const MAX_LINE_BYTES = 107;

const FIXED_BYTES = 16;
const VERSION = 2;
const COMMAND = { local: 0, proxy: 1 } as const;
const UNSPECIFIED = 0x00;

/** The families that carry msg_servers' links, by the byte that names family and transport. */
const FAMILIES = new Map([
  [0x11, { name: 'TCP over IPv4', ipBytes: 4 }],
  [0x21, { name: 'TCP over IPv6', ipBytes: 16 }],
]);

/** Sufficient for a header of either version; the rest of version 2 (TLVs) is skipped. */
const KEPT_BYTES = MAX_LINE_BYTES;

const INCOMPLETE: ProxyProgress = { kind: 'incomplete' };

/**
 * Reads the header of the PROXY protocol, version 1 or 2
 * (https://www.haproxy.org/download/3.0/doc/proxy-protocol.txt, sections 2.1 and 2.2), in any
 * pieces. Independent of sockets.
 */
export class ProxyHeaderReader {
  readonly #kept = Buffer.alloc(KEPT_BYTES);
  #read = 0;

  /** Reads the next bytes; must not be called again after a result other than 'incomplete'. */
  push(chunk: Buffer): ProxyProgress {
    const before = this.#read;
    chunk.copy(this.#kept, Math.min(before, KEPT_BYTES));
    this.#read = before + chunk.length;
    if (this.#beginsWith(SIGNATURE)) return this.#pushBinary(chunk, before);
    if (this.#beginsWith(WORDS)) return this.#pushLine(chunk, before);
    const began = this.#kept.subarray(0, Math.min(this.#read, FIXED_BYTES));
    const what = foreignProtocol(began);
    return wrong(
      `it begins with ${began.toString('hex')}${what === undefined ? '' : ` (${what})`}, ` +
        `expected ${SIGNATURE.toString('hex')} (version 2) or "PROXY " (version 1)`,
    );
  }

  #beginsWith(expected: Buffer): boolean {
    const length = Math.min(this.#read, expected.length);
    return this.#kept.compare(expected, 0, length, 0, length) === 0;
  }

  #pushBinary(chunk: Buffer, before: number): ProxyProgress {
    if (this.#read < FIXED_BYTES) return INCOMPLETE;
    const addressBytes = this.#kept.readUInt16BE(14);
    const problem = this.#problem(addressBytes);
    if (problem !== undefined) return wrong(problem);
    const headerBytes = FIXED_BYTES + addressBytes;
    if (this.#read < headerBytes) return INCOMPLETE;
    return { kind: 'complete', header: this.#header(), rest: chunk.subarray(headerBytes - before) };
  }

  #pushLine(chunk: Buffer, before: number): ProxyProgress {
    const keptBytes = Math.min(this.#read, MAX_LINE_BYTES);
    const end = this.#kept.subarray(0, keptBytes).indexOf('\r\n');
    if (end < 0) {
      if (this.#read < MAX_LINE_BYTES) return INCOMPLETE;
      return wrong(`its line (version 1) does not end within ${MAX_LINE_BYTES} bytes`);
    }
    const line = this.#kept.toString('latin1', 0, end);
    const header = headerOfLine(line);
    if (header !== undefined) {
      return { kind: 'complete', header, rest: chunk.subarray(end + 2 - before) };
    }
    return wrong(
      `its line is ${JSON.stringify(line)}, ` +
        'expected "PROXY TCP4|TCP6 FROM TO PORT PORT" or "PROXY UNKNOWN" (version 1)',
    );
  }

  get #command(): number {
    return this.#kept.readUInt8(12) & 0x0f;
  }

  #problem(addressBytes: number): string | undefined {
    const version = this.#kept.readUInt8(12) >> 4;
    if (version !== VERSION) return `its version is ${version}, expected ${VERSION}`;
    if (this.#command === COMMAND.local) return undefined;
    if (this.#command !== COMMAND.proxy) return `its command is ${this.#command}, expected 0 or 1`;
    const byte = this.#kept.readUInt8(13);
    if (byte === UNSPECIFIED) return undefined;
    const family = FAMILIES.get(byte);
    if (family === undefined) {
      return `its family is 0x${byte.toString(16).padStart(2, '0')}, expected TCP over IPv4 or IPv6`;
    }
    const least = 2 * family.ipBytes + 4;
    if (addressBytes >= least) return undefined;
    return `its addresses have ${addressBytes} bytes, expected at least ${least} for ${family.name}`;
  }

  #header(): ProxyHeader {
    if (this.#command === COMMAND.local) return { kind: 'local' };
    const ipBytes = FAMILIES.get(this.#kept.readUInt8(13))?.ipBytes;
    if (ipBytes === undefined) return { kind: 'unknown' };
    const address = addressOf(this.#kept.subarray(FIXED_BYTES, FIXED_BYTES + ipBytes));
    return { kind: 'proxied', address, port: this.#kept.readUInt16BE(FIXED_BYTES + 2 * ipBytes) };
  }
}

function wrong(problem: string): ProxyProgress {
  return { kind: 'wrong', problem };
}

function headerOfLine(line: string): ProxyHeader | undefined {
  const [, family, ...fields] = line.split(' ');
  // The rest of the line must be ignored.
  if (family === 'UNKNOWN') return { kind: 'unknown' };
  const version = family === 'TCP4' ? 4 : family === 'TCP6' ? 6 : undefined;
  const [from = '', to = '', port = '', toPort = '', ...more] = fields;
  if (version === undefined || more.length > 0) return undefined;
  if (!isAddress(from, version) || !isAddress(to, version)) return undefined;
  if (!isPort(port) || !isPort(toPort)) return undefined;
  return { kind: 'proxied', address: version === 4 ? from : shortest(from), port: Number(port) };
}

/** Without a zone (fe80::1%eth0), which means nothing elsewhere. */
function isAddress(text: string, version: 4 | 6): boolean {
  return isIP(text) === version && !text.includes('%');
}

function isPort(text: string): boolean {
  return /^(?:0|[1-9]\d{0,4})$/.test(text) && Number(text) <= 65_535;
}

function addressOf(ip: Buffer): string {
  if (ip.length === 4) return ip.join('.');
  return shortest(
    Array.from({ length: 8 }, (_, i) => ip.readUInt16BE(2 * i).toString(16)).join(':'),
  );
}

/** Formats an IPv6 address in its shortest form, and a mapped IPv4 one as IPv4, like sockets do. */
function shortest(address: string): string {
  const short = new URL(`http://[${address}]`).hostname.slice(1, -1);
  const [, high, low] = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(short) ?? [];
  if (high === undefined || low === undefined) return short;
  const ip = Buffer.alloc(4);
  ip.writeUInt16BE(Number.parseInt(high, 16), 0);
  ip.writeUInt16BE(Number.parseInt(low, 16), 2);
  return ip.join('.');
}
