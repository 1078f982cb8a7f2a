import { setting } from '../setting.ts';
import { networks, pemPath, seconds, whole, zeroOrOne } from '../setting-kinds.ts';

/** Settings that decide which connections become links. */
export const ADMISSION_SETTINGS = {
  ROUTE_PROXY_PROTOCOL: setting(zeroOrOne, {
    default: '0',
    meaning:
      "1: every connection begins with a PROXY protocol header, version 1 or 2, with the msg_server's own address. Use it behind a load balancer that sends the header.",
  }),
  ROUTE_PROXY_FROM: setting(networks, {
    default: '127.0.0.0/8,::1/128,10.0.0.0/8,172.16.0.0/12,192.168.0.0/16,fc00::/7',
    meaning:
      'With ROUTE_PROXY_PROTOCOL=1: the networks of the load balancers. A connection from elsewhere is refused, because its header could name any address.',
    reason:
      "This machine and all private networks. Name only your balancers' addresses if other hosts can reach the port.",
    example: '10.0.0.10/32,10.0.0.11/32',
  }),
  ROUTE_TLS_CERT: setting(pemPath, {
    default: '',
    meaning:
      'File with the certificate that encrypts links, read again at SIGHUP and within 10 s of a change. Without it links are not encrypted.',
    example: '/etc/route/tls.crt',
  }),
  ROUTE_TLS_KEY: setting(pemPath, {
    default: '',
    meaning: 'File with the key of ROUTE_TLS_CERT, read again with it.',
    example: '/etc/route/tls.key',
  }),
  ROUTE_TLS_CA: setting(pemPath, {
    default: '',
    meaning:
      "File with authorities, one of which must have signed a msg_server's certificate. Without it no certificate is required.",
  }),
  ROUTE_ALLOW: setting(networks, {
    default: '',
    meaning:
      'Networks from which links are accepted, by the address in the PROXY header if that is in use. Without it: all.',
    example: '10.0.0.0/8,fd00::/8',
  }),
  ROUTE_MAX_LINKS: setting(whole(1, 1_000_000), {
    default: '10000',
    meaning: 'Links that the node accepts at most.',
    reason: 'Far above the number of msg_servers; protects memory and file descriptors.',
  }),
  ROUTE_MAX_LINKS_PER_ADDRESS: setting(whole(1, 1_000_000), {
    default: '1000',
    meaning:
      'Links that the node accepts from one address at most. Behind a load balancer without the PROXY protocol all links have one address.',
  }),
  ROUTE_MAX_HANDSHAKES: setting(whole(1, 1_000_000), {
    default: '1000',
    meaning:
      'Connections that may be on their way to become links (PROXY protocol, TLS) at the same time.',
  }),
  ROUTE_MAX_HANDSHAKES_PER_ADDRESS: setting(whole(1, 1_000_000), {
    default: '600',
    meaning:
      'The same for one address. At either limit the oldest handshake that has lasted for a fifth of ROUTE_HANDSHAKE_SECONDS gives way to a new one.',
    reason:
      'More than the connections that the system queues (511), so that a reconnect storm through one load balancer passes.',
  }),
  ROUTE_HANDSHAKE_SECONDS: setting(seconds(0.1, 300), {
    default: '5',
    meaning: 'A connection that has not become a link after this many seconds is closed.',
  }),
};
