import fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import { ManualClock } from './testing/manual-clock.ts';
import { type RecordedBus, recordedBus } from './testing/recorder.ts';
import { Stoppable } from './testing/stoppable.ts';
import { MemoryHub } from './transport/memory-hub.ts';

// The runs take two seconds; on a busy machine many times that.
vi.setConfig({ testTimeout: 60_000 });

const NODES = ['a', 'b', 'c'] as const;

/** The receivers of frames: all other nodes, one of them, or alternating. */
type Whom = 'all' | 'one' | 'mixed';

/** What happens between two moments of a run. */
type Step =
  | { readonly do: 'send'; readonly node: number; readonly frames: number; readonly to: Whom }
  | {
      readonly do: 'weather';
      readonly loss: number;
      readonly twice: number;
      readonly delayMs: number;
    }
  | { readonly do: 'cut' | 'mend' | 'stop' | 'go'; readonly node: number }
  | { readonly do: 'leases'; readonly of: readonly string[] }
  | { readonly do: 'room'; readonly node: number; readonly hasRoom: boolean }
  | { readonly do: 'wait'; readonly ms: number };

const node = fc.integer({ min: 0, max: NODES.length - 1 });
/** Two nodes send to each other alone, three to all. */
const count = fc.constantFrom(2, 3);
const percent = fc.integer({ min: 0, max: 70 });
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('send'),
      node,
      frames: fc.integer({ min: 1, max: 12 }),
      to: fc.constantFrom<Whom>('all', 'one', 'mixed'),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('weather'),
      loss: percent,
      twice: percent,
      delayMs: fc.integer({ min: 0, max: 400 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('cut', 'mend', 'stop', 'go'), node }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('leases'), of: fc.subarray([...NODES]) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('room'), node, hasRoom: fc.boolean() }) },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('wait'),
      ms: fc.oneof(fc.integer({ min: 1, max: 900 }), fc.constantFrom(6000, 40_000)),
    }),
  },
);

/**
 * A small generator of our own: how each delivery goes must come from the schedule, not from
 * chance.
 */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

interface World {
  readonly names: readonly string[];
  readonly clock: ManualClock;
  readonly hub: MemoryHub;
  readonly processes: readonly Stoppable[];
  readonly nodes: readonly RecordedBus[];
  readonly sent: number[];
  /** Per sending node, the receiver of each frame number: its index, or undefined for all. */
  readonly whom: readonly (number | undefined)[][];
}

async function startWorld(nodeCount: number): Promise<World> {
  const names = NODES.slice(0, nodeCount);
  const clock = new ManualClock();
  const hub = new MemoryHub(clock);
  const processes = names.map((name) => new Stoppable(clock, hub.join(name)));
  const nodes = processes.map((process, at) =>
    recordedBus({ nodeId: names[at] ?? '', transport: process, clock: process }),
  );
  for (const { bus } of nodes) {
    await bus.start();
    bus.setLiveNodes(names);
  }
  clock.advance(1000);
  return {
    names,
    clock,
    hub,
    processes,
    nodes,
    sent: names.map(() => 0),
    whom: names.map(() => []),
  };
}

function run(world: World, action: Step, random: () => number): void {
  const { names, clock, hub, processes, nodes, sent, whom } = world;
  switch (action.do) {
    case 'send':
      if (processes[action.node]?.stopped !== false) break;
      // One frame each, so that a count of frames is a count of entries.
      for (let i = 0; i < action.frames; i++) {
        sent[action.node] = (sent[action.node] ?? 0) + 1;
        const isForOne = action.to === 'one' || (action.to === 'mixed' && random() < 0.5);
        const others = names.map((_, at) => at).filter((at) => at !== action.node);
        const to = isForOne ? others[Math.floor(random() * others.length)] : undefined;
        whom[action.node]?.push(to);
        const text = Buffer.from(String(sent[action.node]));
        nodes[action.node]?.bus.send(0, text, to === undefined ? undefined : names[to]);
        clock.advance(1);
      }
      break;
    case 'weather':
      hub.setFaults(() => {
        if (random() * 100 < action.loss) return [];
        const delay = (): number => Math.floor(random() * action.delayMs);
        return random() * 100 < action.twice ? [delay(), delay()] : [delay()];
      });
      break;
    case 'cut':
      hub.cut(NODES[action.node] ?? '');
      break;
    case 'mend':
      hub.mend(NODES[action.node] ?? '');
      break;
    case 'stop':
      processes[action.node]?.stop();
      break;
    case 'go':
      processes[action.node]?.go();
      break;
    case 'leases':
      for (const { bus } of nodes) bus.setLiveNodes(action.of);
      break;
    case 'room':
      nodes[action.node]?.bus.setRoom(action.hasRoom);
      break;
    case 'wait':
      clock.advance(action.ms);
      break;
  }
}

function calm({ names, clock, hub, processes, nodes }: World): void {
  hub.setFaults();
  for (const name of names) hub.mend(name);
  for (const process of processes) process.go();
  for (const { bus } of nodes) {
    bus.setRoom(true);
    bus.setLiveNodes(names);
  }
  clock.advance(5000);
}

/** A world in which all this has happened, and that has come to rest. */
async function worldAfter(
  steps: readonly Step[],
  { chance, nodeCount }: { readonly chance: number; readonly nodeCount: number },
): Promise<World> {
  const world = await startWorld(nodeCount);
  const random = randomFrom(chance);
  for (const action of steps) run(world, action, random);
  calm(world);
  return world;
}

/** The frames of one node at another: the received numbers, and how many were reported lost. */
function account(receiver: RecordedBus, sender: string): { came: number[]; lost: number } {
  const came = receiver.entries
    .filter((entry) => entry.startsWith(`${sender} `))
    .map((entry) => Number(entry.split(' ')[2]));
  let lost = 0;
  for (const loss of receiver.losses) if (loss.sender === sender) lost += loss.frames;
  return { came, lost };
}

/** What one node has sent to another, be it to that one alone. */
function numbersFor({ whom }: World, from: number, to: number): number[] {
  const numbers = (whom[from] ?? []).map((at, i) => ({ at, number: i + 1 }));
  return numbers.filter(({ at }) => at === undefined || at === to).map(({ number }) => number);
}

test('whatever the transport does, each entry arrives once and in order, or is counted as lost', async () => {
  const seed = Date.now() & 0x7fffffff;
  console.log(`fast-check seed ${seed}`);
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 5, maxLength: 60 }),
      fc.nat(),
      count,
      async (steps, chance, nodeCount) => {
        const world = await worldAfter(steps, { chance, nodeCount });
        for (const [from, sender] of world.names.entries()) {
          for (const [to, receiver] of world.nodes.entries()) {
            if (from === to) continue;
            const { came, lost } = account(receiver, sender);
            const due = numbersFor(world, from, to);
            expect(came).toEqual(due.filter((number) => came.includes(number)));
            // A loss among frames of which some were for other nodes is reported as all of them.
            if (lost === 0) expect(came).toEqual(due);
            expect(came.length + lost).toBeGreaterThanOrEqual(due.length);
            expect(came.length + lost).toBeLessThanOrEqual(world.sent[from] ?? 0);
          }
        }
        for (const { bus } of world.nodes) {
          expect(bus.counters.windowBytes).toBe(0);
          expect(bus.full).toBe(false);
        }
      },
    ),
    { seed, numRuns: 300 },
  );
});

test('while no frame is older than the time limit, nothing at all is lost', async () => {
  const seed = Date.now() & 0x7fffffff;
  console.log(`fast-check seed ${seed}`);
  const short = step.filter(
    (action) => action.do !== 'leases' && (action.do !== 'wait' || action.ms < 1000),
  );
  await fc.assert(
    fc.asyncProperty(
      fc.array(short, { maxLength: 30 }),
      fc.nat(),
      count,
      async (steps, chance, nodeCount) => {
        const world = await worldAfter(steps, { chance, nodeCount });
        for (const { bus, losses } of world.nodes) {
          expect(losses).toEqual([]);
          expect(bus.counters.framesDropped).toBe(0);
        }
      },
    ),
    { seed, numRuns: 300 },
  );
});
