import { PresenceMemory } from '@route/presence';
import type { Engine, EngineEvents } from './engine.ts';
import type { Settings } from './settings.ts';

/** One node alone: presence in its own memory, nobody else to tell. */
export function memoryEngine(
  settings: Settings,
  events: Pick<EngineEvents, 'about' | 'lost' | 'back'>,
): Engine {
  return {
    presence: new PresenceMemory({
      graceMs: settings.ROUTE_LOST_GRACE_SECONDS * 1000,
      perSecond: settings.ROUTE_LOST_PER_SECOND,
      lost: events.lost,
      back: events.back,
    }),
    busCounters: undefined,
    liveNodes: 1,
    get nodes() {
      return [events.about()];
    },
    send: () => undefined,
    setRoom: () => undefined,
    start: async () => undefined,
    stop: async () => undefined,
  };
}
