import { RouteClientError } from './errors.ts';

/** The link address of a node, or of a load balancer in front of the nodes. */
export interface RouteAddress {
  readonly host: string;
  readonly port: number;
}

const ADDRESS = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]\s]+)):(\d{1,5})$/;
const MAX_PORT = 65_535;

/**
 * Reads `host:port`; an IPv6 host is in brackets, as in `[::1]:8200`.
 * @throws RouteClientError `bad-option` naming the given value.
 */
export function parseRouteAddress(text: string): RouteAddress {
  const [, v6, name, digits] = ADDRESS.exec(text.trim()) ?? [];
  const host = v6 ?? name;
  const port = Number(digits);
  if (host !== undefined && port >= 1 && port <= MAX_PORT) return { host, port };
  throw new RouteClientError(
    'bad-option',
    `address is "${text}", expected host:port with a port from 1 to ${MAX_PORT}`,
  );
}

/** An address as one would write it. */
export function routeAddressText({ host, port }: RouteAddress): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
