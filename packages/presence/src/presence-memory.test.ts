import { PresenceMemory } from './presence-memory.ts';
import { describePresence } from './presence-suite.ts';

describePresence('memory', async () => ({
  presence: new PresenceMemory(),
  [Symbol.asyncDispose]: async () => {},
}));
