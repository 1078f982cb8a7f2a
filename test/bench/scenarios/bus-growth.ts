import { Bus, type BusTransport, type Cancel, type Clock, MemoryHub } from '@route/bus';
import type { Case, Reading, Scenario } from '../scenario.ts';

const NODE_COUNTS = [3, 10, 20, 50];
const SENT_BYTES_PER_MS = 20_000;
const LATENCY_MS = 1;
const LEASE_READ_MS = 1000;
const WARM_UP_MS = 3000;
const MEASURE_MS = 5000;

/** Type bytes of frames with entries: all others are the bus's own. */
const DATA_TYPES: ReadonlySet<number | undefined> = new Set([1, 4]);

const LOADS = { idle: 0, 'one sender of 20 MB/s': SENT_BYTES_PER_MS } as const;

/** The bus's own messages between the nodes of a cluster, by number of nodes. */
export const busGrowth: Scenario = {
  name: 'bus-growth',
  meaning:
    'heartbeats and acks of 3 to 50 nodes, idle and with one sender of 20 MB/s, in virtual time',
  figures: [
    figure('out', 'published/s a node'),
    figure('in', 'received/s a node'),
    figure('inKb', 'received, kB/s a node'),
    figure('busiestIn', 'received/s, busiest node'),
    figure('busiestInKb', 'received, kB/s, busiest node'),
    figure('heldBackMs', 'sender held back, ms/s'),
  ],
  goals: [
    { subject: 'idle', at: '50 nodes', figure: 'in', bound: { atMost: 250 } },
    {
      subject: 'one sender of 20 MB/s',
      at: '50 nodes',
      figure: 'busiestIn',
      bound: { atMost: 2500 },
    },
  ],
  plots: [],
  mostRounds: 1,
  cases: async () => Object.entries(LOADS).flatMap(([name, load]) => casesOf(name, load)),
};

function figure(key: string, heading: string): Scenario['figures'][number] {
  return { key, heading, digits: 0, kind: 'result' };
}

function casesOf(subject: string, bytesPerMs: number): Case[] {
  return NODE_COUNTS.map((nodes) => ({
    subject,
    at: `${nodes} nodes`,
    measure: async () => await measure(nodes, bytesPerMs),
  }));
}

/** Virtual time of a measurement, in steps of a millisecond. */
class VirtualClock implements Clock {
  #now = 0;
  readonly #due = new Map<number, (() => void)[]>();

  now(): number {
    return this.#now;
  }

  soon(run: () => void): void {
    this.after(0, run);
  }

  after(ms: number, run: () => void): Cancel {
    let cancelled = false;
    const at = this.#now + Math.max(0, Math.ceil(ms));
    const task = (): void => {
      if (!cancelled) run();
    };
    const due = this.#due.get(at);
    if (due === undefined) this.#due.set(at, [task]);
    else due.push(task);
    return () => {
      cancelled = true;
    };
  }

  /** Runs everything due now, including new work, and advances to the next millisecond. */
  step(): void {
    for (const task of this.#due.get(this.#now) ?? []) task();
    this.#due.delete(this.#now);
    this.#now += 1;
  }
}

/** The bus's own messages, of one node. */
interface Traffic {
  published: number;
  received: number;
  receivedBytes: number;
}

async function measure(count: number, bytesPerMs: number): Promise<Reading> {
  const clock = new VirtualClock();
  const hub = new MemoryHub(clock);
  const ids = Array.from({ length: count }, (_, i) => `node-${i}`.padEnd(12, 'x'));
  const traffic = new Map<string, Traffic>();
  for (const id of ids) traffic.set(id, { published: 0, received: 0, receivedBytes: 0 });
  hub.setFaults(({ frame, to }) => {
    const node = traffic.get(to);
    if (node !== undefined && !DATA_TYPES.has(frame[1])) {
      node.received += 1;
      node.receivedBytes += frame.length;
    }
    return [LATENCY_MS];
  });
  const buses: Bus[] = [];
  for (const nodeId of ids) {
    const transport = counting(hub.join(nodeId), () => {
      const node = traffic.get(nodeId);
      if (node !== undefined) node.published += 1;
    });
    const bus = new Bus({ nodeId, transport, clock, events: silent });
    await bus.start();
    buses.push(bus);
  }
  const [sender] = buses;
  const entry = Buffer.alloc(SENT_BYTES_PER_MS);
  let heldBackMs = 0;
  for (let ms = 0; ms < WARM_UP_MS + MEASURE_MS; ms++) {
    if (ms === WARM_UP_MS) {
      heldBackMs = 0;
      for (const node of traffic.values()) Object.assign(node, ZERO);
    }
    if (ms % LEASE_READ_MS === 0) for (const bus of buses) bus.setLiveNodes(ids);
    if (bytesPerMs > 0 && sender?.full === false) sender.send(0, entry);
    else if (bytesPerMs > 0) heldBackMs += 1;
    clock.step();
  }
  const seconds = MEASURE_MS / 1000;
  const all = [...traffic.values()];
  const mean = (of: (node: Traffic) => number): number =>
    all.reduce((sum, node) => sum + of(node), 0) / count / seconds;
  const most = (of: (node: Traffic) => number): number => Math.max(...all.map(of)) / seconds;
  return {
    out: mean(({ published }) => published),
    in: mean(({ received }) => received),
    inKb: mean(({ receivedBytes }) => receivedBytes) / 1000,
    busiestIn: most(({ received }) => received),
    busiestInKb: most(({ receivedBytes }) => receivedBytes) / 1000,
    heldBackMs: heldBackMs / seconds,
  };
}

const ZERO: Traffic = { published: 0, received: 0, receivedBytes: 0 };

const silent = {
  onEntry: () => {},
  onResponsive: () => {},
  onJoined: () => {},
  onFull: () => {},
  onLost: () => {},
  onError: () => {},
};

/** A transport that records each of the bus's own publishes. */
function counting(transport: BusTransport, published: () => void): BusTransport {
  return {
    hearsOwn: true,
    open: (events) => transport.open(events),
    reopen: () => transport.reopen(),
    publish: (frame, to) => {
      if (!DATA_TYPES.has(frame[0]?.[1])) published();
      return transport.publish(frame, to);
    },
    settled: () => transport.settled(),
    close: () => transport.close(),
  };
}
