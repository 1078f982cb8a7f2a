import { hostname, networkInterfaces } from 'node:os';
import { type Address, addressText } from './address.ts';

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
