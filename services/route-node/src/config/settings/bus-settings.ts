import { setting } from '../setting.ts';
import { oneOf, seconds, whole } from '../setting-kinds.ts';

const MIB = 1024 * 1024;

/** Settings of delivery and of the bus between nodes. */
export const BUS_SETTINGS = {
  ROUTE_DELIVERY: setting(oneOf(['broadcast', 'directed']), {
    default: 'broadcast',
    meaning:
      'Which links get a PDU that names its users. broadcast: every link, as with the original. directed: only the links of these users.',
    reason: 'Directed delivery pays from 8 msg_servers on, see docs/performance.md.',
  }),
  ROUTE_DELIVERY_RETENTION_BYTES: setting(whole(1 * MIB, 1024 * MIB), {
    default: String(16 * MIB),
    meaning:
      'Directed delivery retains PDUs until it is certain that no user has moved meanwhile, normally for a fraction of a second. At this many bytes the node pauses reading its links until half of it is released.',
  }),
  ROUTE_BUS_WINDOW_BYTES: setting(whole(64 * 1024, 24 * MIB), {
    default: String(8 * MIB),
    meaning:
      'Unacknowledged bytes of all nodes together. Redis must allow its subscribers twice as much (client-output-buffer-limit pubsub).',
    reason: 'A quarter of the default limit of Redis, 32 MB.',
  }),
  ROUTE_BUS_RETENTION_SECONDS: setting(seconds(1, 3600), {
    default: '30',
    meaning:
      'Retention: seconds after which a frame that a live node has not got is dropped, counted and logged.',
    reason: 'Longer than a failover or a restart of Redis. More costs only memory.',
  }),
  ROUTE_BUS_RETENTION_BYTES: setting(whole(MIB, 4096 * MIB), {
    default: String(64 * MIB),
    meaning: 'Bytes retained for nodes that lack them. Beyond it the oldest frames are dropped.',
  }),
  ROUTE_ISOLATED_SECONDS: setting(seconds(1, 3600), {
    default: '20',
    meaning:
      'Seconds without Redis, or without hearing the bus, after which a node closes its links so that they connect elsewhere, if another node answers that it is ready. Less than ROUTE_BUS_RETENTION_SECONDS, or messages for its links are lost first.',
  }),
  ROUTE_BUS_PROBE_TIMEOUT_SECONDS: setting(seconds(1, 300), {
    default: '2',
    meaning:
      'Seconds in which a node has not received its own heartbeats on the bus, after which it reconnects.',
    reason: 'Eight heartbeats.',
  }),
};
