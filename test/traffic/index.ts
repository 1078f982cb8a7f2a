export { Crowd, type CrowdOptions } from './crowd.ts';
export { type Exactness, type Look, lookByQuery, untilExact } from './exactness.ts';
export { Dues, type Mailboxes, mailboxesFor } from './expected-deliveries.ts';
export { Load } from './load.ts';
export { Model } from './model.ts';
export { Pacer } from './pacer.ts';
export { peakMemoryBytes } from './process-memory.ts';
export type { SimServer } from './sim-server.ts';
export { lookIntoRedis } from './stored-presence.ts';
export { type Participant, type Totals, Traffic } from './traffic.ts';
export {
  openTrafficLink,
  type Target,
  TrafficLink,
  type TrafficLinkOptions,
} from './traffic-link.ts';
export { Watcher } from './watcher.ts';
