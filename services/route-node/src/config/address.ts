import { hostname, networkInterfaces } from 'node:os';

/** An address to listen on; IPv6 hosts are in brackets, as in [::1]:8200. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

/** Host and port of an address in text; undefined where it is none. */
export function parseAddress(text: string): Address | undefined {
  const [, v6, host, port] = ADDRESS.exec(text) ?? [];
  const name = v6 ?? host;
  if (name === undefined || port === undefined || Number(port) > 65_535) return undefined;
  return { host: name, port: Number(port) };
}

const ADDRESS = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]\s]+)):(\d{1,5})$/;

/** Formats an address as host:port, in the form that {@link parseAddress} reads. */
export function addressText({ host, port }: Address): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

const ANY = new Set(['0.0.0.0', '::', '::0', '0:0:0:0:0:0:0:0']);
const LOOPBACK = /^(?:localhost|127\..*|::1)$/;

/**
 * Returns the address, as host:port, at which others reach a bound one. Another host may be given
 * for it, except for loopback, which is only reachable there.
 */
export function advertised(bound: Address, given: string): string {
  const { host, port } = bound;
  if (LOOPBACK.test(host)) return addressText(bound);
  if (given !== '') return addressText({ host: given, port });
  return addressText({ host: ANY.has(host) ? ownHost() : host, port });
}

/** This machine's first address beyond itself; its name where it has none. */
function ownHost(): string {
  const addresses = Object.values(networkInterfaces()).flatMap((some) => some ?? []);
  const outer = addresses.filter(({ internal }) => !internal);
  return (outer.find(({ family }) => family === 'IPv4') ?? outer[0])?.address ?? hostname();
}
