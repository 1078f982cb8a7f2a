import { describeBus } from './testing/bus-suite.ts';
import { MemoryHub } from './transport/memory-hub.ts';

const hubs = new Map<string, MemoryHub>();

describeBus('the memory hub', {
  join: async (namespace, node) => {
    const hub = hubs.get(namespace) ?? new MemoryHub();
    hubs.set(namespace, hub);
    return {
      transport: hub.join(node),
      cut: () => hub.cut(node),
      mend: () => hub.mend(node),
      [Symbol.asyncDispose]: async () => {},
    };
  },
});
