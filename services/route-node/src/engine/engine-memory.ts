import { PresenceMemory } from '@route/presence';
import type { Settings } from '../config/settings.ts';
import type { Engine, EngineEvents } from './engine.ts';

/** Engine of a single node: presence in memory, no bus. */
export function memoryEngine(
  settings: Settings,
  events: Pick<EngineEvents, 'nodeInfo' | 'lost' | 'back' | 'interestObserver'>,
): Engine {
  return {
    presence: new PresenceMemory({
      lingerMs: settings.ROUTE_LEASE_SECONDS * 1000,
      graceMs: settings.ROUTE_OFFLINE_GRACE_SECONDS * 1000,
      perSecond: settings.ROUTE_OFFLINE_GRACE_PER_SECOND,
      ...(events.interestObserver && { interestObserver: events.interestObserver }),
      lost: events.lost,
      back: events.back,
    }),
    bus: undefined,
    leaseHeld: undefined,
    liveNodes: 1,
    malformedNodeRecords: 0,
    get nodes() {
      return [events.nodeInfo()];
    },
    readRegistry: async () => {
      const info = events.nodeInfo();
      return {
        nowMs: null,
        entries: [{ node: info.node, leaseLeftMs: null, info }],
        malformed: 0,
      };
    },
    send: () => undefined,
    setRoom: () => undefined,
    start: async () => undefined,
    stop: async () => undefined,
  };
}
