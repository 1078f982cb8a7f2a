import { PresenceMemory } from './presence-memory.ts';
import { describePresence, type TestEngine } from './presence-suite.ts';
import { describeReading } from './reading-suite.ts';

const open = async (): Promise<TestEngine> => ({
  presence: new PresenceMemory({
    graceMs: 0,
    lingerMs: 100,
    perSecond: 1000,
    lost: () => {},
    back: () => {},
  }),
  [Symbol.asyncDispose]: async () => {},
});

describePresence('memory', open);
describeReading('memory', open);
