import { setting } from '../setting.ts';
import { address, adminToken, hostNames, oneOf, whole } from '../setting-kinds.ts';

/** Settings of the admin port. */
export const ADMIN_SETTINGS = {
  ROUTE_ADMIN_LISTEN: setting(address, {
    default: '127.0.0.1:9200',
    meaning: 'The address that serves /metrics, /healthz, /readyz, the console and the admin API.',
    reason: 'Loopback only, because reads need no token. Use an address of a private network.',
    example: '10.0.0.20:9200',
  }),
  ROUTE_ADMIN_TOKEN: setting(adminToken, {
    default: '',
    meaning:
      "The secret that a request must carry to change the node's state (drain, close a link, rebalance) and, if it is set, to watch PDUs. Without it no request may change state. ROUTE_ADMIN_TOKEN_FILE names a file with it, in force within a second of a change.",
    secret: true,
  }),
  ROUTE_ADMIN_HOSTS: setting(hostNames, {
    default: '',
    meaning:
      "Names in the Host header that the admin port accepts besides IP addresses, localhost, the machine's own name and ROUTE_ADVERTISE_HOST. A name with a leading dot stands for all names below it.",
    example: 'route-node,.svc.cluster.local',
  }),
  ROUTE_ADMIN_MAX_CONNECTIONS: setting(whole(4, 65_536), {
    default: '128',
    meaning:
      'Open connections to the admin port. At the limit a new one closes an idle one of the address that has the most.',
    reason: 'Enough for monitoring, a balancer and some consoles.',
  }),
  ROUTE_WATCH_BODIES: setting(oneOf(['off', 'on']), {
    default: 'off',
    meaning:
      'Whether the admin API may show the content of messages, to requests that carry ROUTE_ADMIN_TOKEN.',
    reason: 'Off, because content is private.',
  }),
};
