import type { BusLimits } from '../options.ts';
import { type Delivery, MemoryHub } from '../transport/memory-hub.ts';
import { ManualClock } from './manual-clock.ts';
import { type RecordedBus, recordedBus } from './recorder.ts';

/** Nodes on one hub and one clock, started and past their first heartbeats. */
export class TestCluster {
  readonly clock = new ManualClock();
  readonly hub = new MemoryHub(this.clock);
  readonly nodes: RecordedBus[] = [];

  async add(nodeId: string, limits: Partial<BusLimits> = {}): Promise<RecordedBus> {
    const { clock, hub } = this;
    const node = recordedBus({ nodeId, transport: hub.join(nodeId), clock, limits });
    this.nodes.push(node);
    await node.bus.start();
    return node;
  }

  /** These have a lease, says every node. */
  list(...ids: string[]): void {
    for (const { bus } of this.nodes) bus.setLiveNodes(ids);
  }

  /** Loses what `from` sends to `to`, or only some of it, until told otherwise. */
  lose(from: string, to: string, when: (delivery: Delivery) => boolean = () => true): void {
    this.hub.setFaults((delivery) =>
      delivery.from === from && delivery.to === to && when(delivery) ? [] : [0],
    );
  }
}

/** Two nodes that know of each other. */
export async function pair(limits: Partial<BusLimits> = {}): Promise<{
  world: TestCluster;
  a: RecordedBus;
  b: RecordedBus;
}> {
  const world = new TestCluster();
  const a = await world.add('a', limits);
  const b = await world.add('b', limits);
  world.list('a', 'b');
  world.clock.advance(300);
  return { world, a, b };
}

/** Sends each text as a frame of its own. */
export function send({ bus }: RecordedBus, world: TestCluster, ...texts: string[]): void {
  for (const text of texts) {
    bus.send(0, Buffer.from(text));
    world.clock.advance(1);
  }
}
