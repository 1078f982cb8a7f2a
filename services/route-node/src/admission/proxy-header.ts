/** What a PROXY protocol header says of its connection. */
export type ProxyHeader =
  /** Relayed for a msg_server at this address. */
  | { readonly kind: 'proxied'; readonly address: string; readonly port: number }
  /** Made by the load balancer for itself: a health check. */
  | { readonly kind: 'local' };

/** How far a header has come. `rest` is what came behind it, and belongs to the connection itself. */
export type ProxyProgress =
  | { readonly kind: 'incomplete' }
  | { readonly kind: 'complete'; readonly header: ProxyHeader; readonly rest: Buffer }
  | { readonly kind: 'wrong'; readonly problem: string };

const SIGNATURE = Buffer.from('0d0a0d0a000d0a515549540a', 'hex');
const FIXED_BYTES = 16;
const VERSION = 2;
const COMMAND = { local: 0, proxy: 1 } as const;

/** The families that carry msg_servers' links, by the byte that names family and transport. */
const FAMILIES = new Map([
  [0x11, { name: 'TCP over IPv4', ipBytes: 4 }],
  [0x21, { name: 'TCP over IPv6', ipBytes: 16 }],
]);

/** As much of a header as says anything here; what follows in it (TLVs) is skipped unkept. */
const KEPT_BYTES = FIXED_BYTES + 2 * 16 + 2 * 2;

const INCOMPLETE: ProxyProgress = { kind: 'incomplete' };

/**
 * Reads the header of the PROXY protocol, version 2
 * (https://www.haproxy.org/download/3.0/doc/proxy-protocol.txt, section 2.2), in whatever pieces it
 * comes. Knows nothing of sockets. Version 1, the one in words, is not taken.
 */
export class ProxyHeaderReader {
  readonly #kept = Buffer.alloc(KEPT_BYTES);
  #read = 0;

  /** Takes what came next; not to be called again once it has told of anything but 'incomplete'. */
  push(chunk: Buffer): ProxyProgress {
    const before = this.#read;
    chunk.copy(this.#kept, Math.min(before, KEPT_BYTES));
    this.#read = before + chunk.length;
    const signatureBytes = Math.min(this.#read, SIGNATURE.length);
    if (this.#kept.compare(SIGNATURE, 0, signatureBytes, 0, signatureBytes) !== 0) {
      const began = this.#kept.toString('hex', 0, Math.min(this.#read, FIXED_BYTES));
      return wrong(`it begins with ${began}, expected ${SIGNATURE.toString('hex')}`);
    }
    if (this.#read < FIXED_BYTES) return INCOMPLETE;
    const addressBytes = this.#kept.readUInt16BE(14);
    const problem = this.#problem(addressBytes);
    if (problem !== undefined) return wrong(problem);
    const headerBytes = FIXED_BYTES + addressBytes;
    if (this.#read < headerBytes) return INCOMPLETE;
    return { kind: 'complete', header: this.#header(), rest: chunk.subarray(headerBytes - before) };
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
    const ipBytes = FAMILIES.get(this.#kept.readUInt8(13))?.ipBytes ?? 0;
    const address = addressOf(this.#kept.subarray(FIXED_BYTES, FIXED_BYTES + ipBytes));
    return { kind: 'proxied', address, port: this.#kept.readUInt16BE(FIXED_BYTES + 2 * ipBytes) };
  }
}

function wrong(problem: string): ProxyProgress {
  return { kind: 'wrong', problem };
}

/** How an IPv4 address begins that is written as an IPv6 one. */
const MAPPED = Buffer.from('00000000000000000000ffff', 'hex');

function addressOf(ip: Buffer): string {
  if (ip.length === 4) return ip.join('.');
  if (ip.subarray(0, MAPPED.length).equals(MAPPED)) return addressOf(ip.subarray(MAPPED.length));
  const groups = Array.from({ length: 8 }, (_, i) => ip.readUInt16BE(2 * i).toString(16));
  // In the shortest form, as sockets tell their addresses.
  return new URL(`http://[${groups.join(':')}]`).hostname.slice(1, -1);
}
