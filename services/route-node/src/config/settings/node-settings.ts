import { setting } from '../setting.ts';
import { address, hostName, namespace, oneOf, seconds, whole } from '../setting-kinds.ts';

const MIB = 1024 * 1024;

/** Settings of the node as a process: its addresses, its cluster, its end and its log. */
export const NODE_SETTINGS = {
  ROUTE_LISTEN: setting(address, {
    default: '0.0.0.0:8200',
    meaning: 'The address on which msg_servers connect. Port 0 selects a free port.',
    reason: 'The port of the original route_server, on all interfaces.',
    example: '10.0.0.20:8200',
  }),
  ROUTE_ADVERTISE_HOST: setting(hostName, {
    default: '',
    meaning:
      'The host under which other nodes and tools reach this node. Without it: the host of ROUTE_LISTEN or ROUTE_ADMIN_LISTEN, or, for a wildcard address, the first address of the machine. A loopback address is published as it is.',
    example: 'route-1.example',
  }),
  ROUTE_ENGINE: setting(oneOf(['redis', 'memory']), {
    default: 'redis',
    meaning:
      'redis: a node of a cluster. memory: one node without Redis, as a replacement of the original.',
  }),
  ROUTE_NAMESPACE: setting(namespace, {
    default: 'route',
    meaning:
      'Prefix of all keys and channels in Redis. Nodes with the same namespace and the same Redis form one cluster.',
    example: 'route-staging',
  }),
  ROUTE_DRAIN_SECONDS: setting(seconds(0, 3600), {
    default: '10',
    meaning:
      'Seconds over which a node closes its links after SIGTERM or a drain request. The node ends itself 15 s after that at the latest; give the platform more time than both.',
    reason: 'The other nodes get a few links at a time.',
    example: '30',
  }),
  LOG_LEVEL: setting(oneOf(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']), {
    default: 'info',
    meaning: 'The least severe log lines that are written.',
  }),
  LOG_BUFFER_BYTES: setting(whole(64 * 1024, 256 * MIB), {
    default: String(MIB),
    meaning:
      'Bytes of log lines that may wait for standard output (a full disk, a blocked reader). Further lines are dropped and counted; the node continues.',
    reason: 'Some thousand lines.',
  }),
};
