import type { ConnectionOptions } from 'node:tls';
import type { ClientStatus } from '@route/protocol';
import { parseRouteAddress, type RouteAddress } from './address.ts';
import { type Clock, systemClock } from './clock.ts';
import { RouteClientError } from './errors.ts';

/** Options of a RouteClient. All but the first two have defaults. */
export interface RouteClientOptions {
  /** `host:port` of nodes, of old route_servers, or of a load balancer. At least one. */
  readonly addresses: readonly string[];
  /**
   * Returns every open client connection, one entry each. Called whenever a link is up, and sent on
   * it: a node's knowledge of a msg_server does not outlive the link.
   */
  readonly snapshot: () => readonly ClientStatus[];
  /**
   * `each` (default): a link to every address at once, one of them master, as a stock msg_server
   * does. `any`: one link alone, to the first address, and to the others in a drawn order when it
   * fails. Several links into one cluster need `ROUTE_LINKS=master` on its nodes, or everything
   * counts twice.
   */
  readonly links?: 'each' | 'any';
  /** Encrypts the links; node:tls's options. The certificate must be for the address's host. */
  readonly tls?: ConnectionOptions;
  /** Interval of silence (ms) on this side after which a heartbeat is sent. Default 5000. */
  readonly heartbeatMs?: number;
  /** A link ends after so much silence of the other side. Default 30000. */
  readonly timeoutMs?: number;
  /** Connecting, TLS included, may take so long. Default 5000. */
  readonly connectTimeoutMs?: number;
  /** An answer to a query may take so long. Default 5000. */
  readonly queryTimeoutMs?: number;
  /**
   * The first wait before connecting again is at most so long; at least half of it. It doubles with
   * each attempt that fails. Default 4000: protocol, 2 to 4 s.
   */
  readonly reconnectFirstMs?: number;
  /** No wait is longer. Default 64000. */
  readonly reconnectMostMs?: number;
  /** `send` returns `wait` while this many bytes wait for a link. Default 1 MiB. */
  readonly unsentBytes?: number;
  /**
   * A PDU that claims more ends the link; no list sent is longer. Default 16 MiB, as the nodes'.
   */
  readonly maxPduBytes?: number;
  /** For tests. */
  readonly clock?: Clock;
  /** From 0 up to but not including 1; for tests. Default Math.random. */
  readonly random?: () => number;
}

/** The options, checked, none missing but TLS. */
export interface ClientSettings
  extends Omit<Required<RouteClientOptions>, 'addresses' | 'tls' | 'snapshot' | 'links'> {
  readonly tls: ConnectionOptions | undefined;
}

const MIB = 1024 * 1024;

/** Defaults of the options. */
export const ROUTE_CLIENT_DEFAULTS = {
  heartbeatMs: 5_000,
  timeoutMs: 30_000,
  connectTimeoutMs: 5_000,
  queryTimeoutMs: 5_000,
  reconnectFirstMs: 4_000,
  reconnectMostMs: 64_000,
  unsentBytes: MIB,
  maxPduBytes: 16 * MIB,
} as const;

/** @throws RouteClientError `bad-option` naming the first option that cannot be used. */
export function checkOptions(options: RouteClientOptions): {
  readonly addresses: readonly [RouteAddress, ...RouteAddress[]];
  readonly settings: ClientSettings;
} {
  const { addresses, snapshot: _, links: __, ...given } = options;
  const [first, ...others] = addresses.map(parseRouteAddress);
  if (first === undefined) {
    throw new RouteClientError('bad-option', 'addresses is empty, expected at least one host:port');
  }
  const settings: ClientSettings = {
    ...ROUTE_CLIENT_DEFAULTS,
    clock: systemClock,
    random: Math.random,
    tls: undefined,
    ...given,
  };
  for (const name of NUMBERS) {
    const value = settings[name];
    if (Number.isFinite(value) && value >= 1) continue;
    throw new RouteClientError('bad-option', `${name} is ${value}, expected a number from 1 on`);
  }
  return { addresses: [first, ...others], settings };
}

const NUMBERS = Object.keys(ROUTE_CLIENT_DEFAULTS).filter(
  (name): name is keyof typeof ROUTE_CLIENT_DEFAULTS => name in ROUTE_CLIENT_DEFAULTS,
);
