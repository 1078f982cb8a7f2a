import { networks, pemPath, seconds, whole, zeroOrOne } from './setting-kinds.ts';

/** The settings of which connections become links, and how; see `SETTINGS`. */
export const ADMISSION_SETTINGS = {
  ROUTE_PROXY_PROTOCOL: {
    schema: zeroOrOne,
    default: '0',
    meaning:
      '1: every connection begins with a PROXY protocol header, version 1 or 2, which tells the msg_server’s own address; for use behind a load balancer that sends it',
  },
  ROUTE_PROXY_FROM: {
    schema: networks,
    default: '127.0.0.0/8,::1/128,10.0.0.0/8,172.16.0.0/12,192.168.0.0/16,fc00::/7',
    meaning:
      'with ROUTE_PROXY_PROTOCOL=1: the networks of the load balancers; a connection from elsewhere is refused, because its header could tell any address; by default this machine and all private networks: name your balancers’ addresses alone where others can reach the port',
  },
  ROUTE_TLS_CERT: {
    schema: pemPath,
    default: '',
    meaning:
      'file with the certificate that links are encrypted with; read again at SIGHUP, and within 10 s of a change',
  },
  ROUTE_TLS_KEY: {
    schema: pemPath,
    default: '',
    meaning: 'file with the key of ROUTE_TLS_CERT; read again with it',
  },
  ROUTE_TLS_CA: {
    schema: pemPath,
    default: '',
    meaning:
      'file with the authorities one of which must have signed a msg_server’s certificate; without it none is asked for',
  },
  ROUTE_ALLOW: {
    schema: networks,
    default: '',
    meaning:
      'networks from which links are taken (10.0.0.0/8,fd00::/8,...), by the address that the PROXY protocol tells where it is in use; by default all',
  },
  ROUTE_MAX_LINKS: {
    schema: whole(1, 1_000_000),
    default: '10000',
    meaning: 'so many links are taken at the most',
  },
  ROUTE_MAX_LINKS_PER_ADDRESS: {
    schema: whole(1, 1_000_000),
    default: '1000',
    meaning:
      'so many of them from one address at the most; behind a load balancer that does not tell addresses, all are from one',
  },
  ROUTE_MAX_HANDSHAKES: {
    schema: whole(1, 1_000_000),
    default: '1000',
    meaning:
      'so many connections may be on their way to become links (PROXY protocol, TLS) at the same time',
  },
  ROUTE_MAX_HANDSHAKES_PER_ADDRESS: {
    schema: whole(1, 1_000_000),
    default: '600',
    meaning:
      'so many of them from one address; at either limit the oldest one that has lasted for a fifth of ROUTE_HANDSHAKE_SECONDS gives way to a new one; the default is more than wait to be accepted at once (511), so that a reconnect storm through one load balancer passes',
  },
  ROUTE_HANDSHAKE_SECONDS: {
    schema: seconds(0.1, 300),
    default: '5',
    meaning: 'a connection that has not become a link after so many seconds is closed',
  },
} as const;
