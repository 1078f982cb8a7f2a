import { PresenceMemory } from '@route/presence';
import type { Engine } from './engine.ts';

/** One node alone: presence in its own memory, nobody else to tell. */
export function memoryEngine(): Engine {
  return {
    presence: new PresenceMemory(),
    busCounters: undefined,
    liveNodes: 1,
    send: () => undefined,
    setRoom: () => undefined,
    start: async () => undefined,
    stop: async () => undefined,
  };
}
