export { Bus } from './bus.ts';
export type { Cancel, Clock } from './clock.ts';
export { systemClock } from './clock.ts';
export type { BusCounters } from './counters.ts';
export type { Confirmed, PeerLag } from './membership/peers.ts';
export {
  type BusEvents,
  type BusLimits,
  type BusOptions,
  DEFAULT_LIMITS,
  LOST_REASONS,
  type Loss,
  type LostReason,
} from './options.ts';
export { type Delivery, type LinkFaults, MemoryHub } from './transport/memory-hub.ts';
export { RedisTransport, type RedisTransportOptions } from './transport/redis-transport.ts';
export type { BusTransport, TransportEvents } from './transport/transport.ts';
export type { ForeignFrame } from './wire/header.ts';
