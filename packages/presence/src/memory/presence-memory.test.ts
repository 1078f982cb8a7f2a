import { waitFor } from '@route/fixtures';
import { describePresence, type TestEngine } from '../testing/presence-suite.ts';
import { describeReading } from '../testing/reading-suite.ts';
import { PresenceMemory } from './presence-memory.ts';

const open = async (): Promise<TestEngine> => {
  const announced: number[] = [];
  const presence = new PresenceMemory({
    graceMs: 100,
    lingerMs: 100,
    perSecond: 1000,
    lost: (userId) => announced.push(userId),
    back: () => {},
  });
  return {
    presence,
    announced: async () => {
      await waitFor(() => presence.lostUsers === 0, { what: 'every grace to end' });
      return announced.toSorted((a, b) => a - b);
    },
    [Symbol.asyncDispose]: async () => {},
  };
};

describePresence('memory', open);
describeReading('memory', open);
