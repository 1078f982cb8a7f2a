import { describeBus } from './bus-suite.ts';
import { MemoryHub } from './memory-hub.ts';
import type { BusTransport } from './transport.ts';

const hubs = new Map<string, MemoryHub>();

function join(namespace: string, node: string): BusTransport {
  const hub = hubs.get(namespace) ?? new MemoryHub();
  hubs.set(namespace, hub);
  return hub.join(node);
}

describeBus('the memory hub', () => ({ join }));
