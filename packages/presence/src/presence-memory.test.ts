import { PresenceMemory } from './presence-memory.ts';
import { describePresence } from './presence-suite.ts';

describePresence('memory', async () => ({
  presence: new PresenceMemory({
    graceMs: 0,
    lingerMs: 100,
    perSecond: 1000,
    lost: () => {},
    back: () => {},
  }),
  [Symbol.asyncDispose]: async () => {},
}));
