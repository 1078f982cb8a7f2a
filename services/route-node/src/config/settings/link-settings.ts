import { setting } from '../setting.ts';
import { clientTypes, offOrPercent, oneOf, seconds, whole } from '../setting-kinds.ts';

const MIB = 1024 * 1024;

/** Settings of links: protocol, limits, backpressure, rebalancing. */
export const LINK_SETTINGS = {
  ROUTE_LINKS: setting(oneOf(['all', 'master']), {
    default: 'all',
    meaning:
      'Which links count and receive. all: every link. master: only the master link of a msg_server, for msg_servers with several links into the cluster. The same on all nodes.',
  }),
  ROUTE_HEARTBEAT_SECONDS: setting(seconds(0.1, 300), {
    default: '5',
    meaning:
      'Seconds without sending after which a heartbeat is sent on a link. Less than ROUTE_LINK_TIMEOUT_SECONDS.',
    reason: 'As the original: msg_servers close a link after 30 s of silence.',
  }),
  ROUTE_LINK_TIMEOUT_SECONDS: setting(seconds(0.2, 3600), {
    default: '30',
    meaning: 'Seconds without receiving after which a link is closed.',
    reason: 'As the original: msg_servers send a heartbeat every 5 s.',
  }),
  ROUTE_MAX_PDU_BYTES: setting(whole(16, 256 * MIB), {
    default: String(16 * MIB),
    meaning: 'The longest accepted PDU, header included, in bytes. A longer one closes its link.',
    reason: 'A snapshot of about a million users.',
  }),
  ROUTE_INCOMPLETE_PDU_BYTES: setting(whole(64 * 1024, 64 * 1024 * MIB), {
    default: String(64 * MIB),
    meaning:
      'The most bytes of large incomplete PDUs that the node reads at a time, on all links together. A PDU counts with its full length once more than 64 KiB of it have arrived. One PDU is always read; the links of PDUs that do not fit wait. While links wait, a large PDU may lag only 2 s behind ROUTE_LINK_MIN_BYTES_PER_SECOND.',
    reason: 'Four PDUs of the greatest length, or 32 lists of 100,000 users.',
  }),
  ROUTE_LINK_MIN_BYTES_PER_SECOND: setting(whole(1, 1024 * MIB), {
    default: String(64 * 1024),
    meaning:
      'The minimum rate, in bytes per second, of a PDU that has begun. A PDU may lag ROUTE_LINK_TIMEOUT_SECONDS behind it; one that lags further closes its link. Time in which the node does not read the link is left out.',
    reason:
      'Half of a line of 1 Mbit/s. A PDU that arrives whole within ROUTE_LINK_TIMEOUT_SECONDS may be slower.',
  }),
  ROUTE_MAX_QUERY_USERS: setting(whole(100, 1_000_000), {
    default: '100000',
    meaning: 'The most users in one status query. A larger query is dropped, counted and logged.',
    reason: 'Far above any contact list; the answer takes 1 MB.',
  }),
  ROUTE_CLIENT_TYPES_PC: setting(clientTypes, {
    default: '',
    meaning:
      'Client types beyond those of the protocol that count as PC clients, for forks of the original. The same on all nodes. A snapshot or update with any other type is dropped, counted and logged.',
    example: '0x03,0x04',
  }),
  ROUTE_CLIENT_TYPES_MOBILE: setting(clientTypes, {
    default: '',
    meaning:
      'Client types beyond those of the protocol that count as mobile clients. The same on all nodes.',
    example: '0x13,0x14',
  }),
  ROUTE_LINK_PENDING_PDUS: setting(whole(1, 1_000_000), {
    default: '10000',
    meaning: 'PDUs of one link that may wait for presence before reading of the link pauses.',
  }),
  ROUTE_LINK_PENDING_BYTES: setting(whole(1024, 1024 * MIB), {
    default: String(8 * MIB),
    meaning: 'Bytes of one link that may wait for presence before reading of the link pauses.',
  }),
  ROUTE_LINK_HIGH_WATER_MARK_BYTES: setting(whole(1024, 1024 * MIB), {
    default: String(8 * MIB),
    meaning: 'Unsent bytes of one link at which the node pauses reading its links.',
  }),
  ROUTE_LINK_QUEUE_MAX_BYTES: setting(whole(1024, 1024 * MIB), {
    default: String(64 * MIB),
    meaning:
      'Unsent bytes at which a link is closed. At least ROUTE_LINK_HIGH_WATER_MARK_BYTES and ROUTE_MAX_PDU_BYTES together.',
    reason: 'Bounds the memory that one unresponsive msg_server costs.',
  }),
  ROUTE_LINK_DRAIN_TIMEOUT_SECONDS: setting(seconds(0.1, 3600), {
    default: '10',
    meaning:
      'Seconds over ROUTE_LINK_HIGH_WATER_MARK_BYTES without progress after which a link is closed.',
  }),
  ROUTE_REBALANCE: setting(offOrPercent, {
    default: 'off',
    meaning:
      'Per cent above the fair share of links at which a node closes some of its links, so that the load balancer gives them to other nodes. off: only on request.',
    reason: 'Off, because it needs a balancer that prefers the node with the fewest links.',
    example: '20',
  }),
  ROUTE_REBALANCE_PER_MINUTE: setting(whole(1, 100_000), {
    default: '30',
    meaning: 'Links that one node closes for rebalancing in a minute at most.',
  }),
};
