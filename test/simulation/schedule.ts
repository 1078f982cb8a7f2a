import { Random } from '@route/random';

/** All kinds of faults. */
export const FAULT_KINDS = [
  'join',
  'join-apart',
  'drain',
  'kill',
  'freeze',
  'stall',
  'node-clock',
  'crash-loop',
  'no-publish',
  'no-subscribe',
  'no-own-channel',
  'no-keys',
  'slow-path',
  'cut-path',
  'dark-out',
  'dark-in',
  'lossy',
  'small-output-limit',
  'redis-down',
  'redis-slow',
  'server-slow',
  'server-stuck',
  'server-reset',
  'server-close',
  'server-vanish',
  'server-join',
  'server-leave',
  'server-list',
  'server-nonsense',
  'forge',
] as const;

export type FaultKind = (typeof FAULT_KINDS)[number];

/** A fault that begins at a moment and lasts for a while, on one node or msg_server. */
export interface Fault {
  readonly atMs: number;
  readonly kind: FaultKind;
  /** Index of the affected node or msg_server, modulo their number. */
  readonly target: number;
  readonly ms: number;
  /** Severity from 0 to 1, in the fault's own unit. */
  readonly degree: number;
}

/** A whole run: these numbers determine it completely. */
export interface Schedule {
  readonly seed: number;
  readonly mode: 'broadcast' | 'directed';
  readonly nodes: number;
  readonly servers: number;
  readonly users: number;
  readonly durationMs: number;
  /** Average interval between two actions of a msg_server. */
  readonly paceMs: number;
  readonly latencyMs: number;
  readonly leaseMs: number;
  readonly heldMs: number;
  readonly windowBytes: number;
  /** Frame limits, assigned to the nodes in turn, so that they differ. */
  readonly frameBytes: readonly number[];
  /** Bytes that the kernel buffers of a link hold. */
  readonly kernelBytes: number;
  /**
   * Nodes pause reading while a link has more than this to send, and close it at four times as
   * much.
   */
  readonly markBytes: number;
  /** Nodes close a link that is silent for this long. */
  readonly timeoutMs: number;
  readonly faults: readonly Fault[];
}

export type Mode = Schedule['mode'];

/** Kinds that the code does not survive yet, or that the checks do not judge correctly. */
const UNSOUND: readonly FaultKind[] = [];

/** Relative frequency of each kind, among those that may be drawn. */
const WEIGHTS: Readonly<Record<FaultKind, number>> = {
  join: 3,
  'join-apart': 2,
  drain: 3,
  kill: 3,
  freeze: 4,
  stall: 2,
  'node-clock': 1,
  'crash-loop': 2,
  'no-publish': 1,
  'no-subscribe': 2,
  'no-own-channel': 1,
  'no-keys': 1,
  'slow-path': 2,
  'cut-path': 3,
  'dark-out': 2,
  'dark-in': 2,
  lossy: 2,
  'small-output-limit': 1,
  'redis-down': 3,
  'redis-slow': 1,
  'server-slow': 2,
  'server-stuck': 2,
  'server-reset': 2,
  'server-close': 2,
  'server-vanish': 1,
  'server-join': 1,
  'server-leave': 1,
  'server-list': 1,
  'server-nonsense': 1,
  forge: 1,
};

/** Paces of short schedules, by frequency. */
const PACES_MS: readonly number[] = [
  ...[20, 60, 60, 60],
  ...Array.from({ length: 7 }, () => 150),
  ...Array.from({ length: 9 }, () => 400),
];

/** With much traffic over a long path, or many nodes, a smaller window would slow all nodes. */
export function leastWindowBytes({
  latencyMs,
  paceMs,
  nodes,
}: Pick<Schedule, 'latencyMs' | 'paceMs' | 'nodes'>): number {
  if (nodes > 6) return 512 * 1024;
  const isLong = latencyMs > 2;
  const isDense = paceMs < 60;
  if (isLong && isDense) return 256 * 1024;
  return isLong || isDense ? 64 * 1024 : 16 * 1024;
}

export interface DrawOptions {
  readonly mode: Mode;
  readonly kinds: ReadonlySet<FaultKind>;
}

/** Draws the schedule of a seed: most are short and small, a few long, a few large. */
export function drawSchedule(seed: number, { mode, kinds }: DrawOptions): Schedule {
  const random = new Random(seed);
  const size = random.weighted({ small: 960, middle: 37, large: 3 });
  const nodes = {
    small: random.whole(2, 3),
    middle: random.whole(3, 6),
    large: random.whole(6, 20),
  }[size];
  const isLong = random.chance(0.01);
  // Dense traffic costs most, and shows its failures soon.
  const paceMs = random.pick(isLong ? [100, 400] : PACES_MS);
  const durationMs = isLong
    ? random.whole(10_000, 40_000)
    : random.whole(500, Math.min(3000, 500 + paceMs * 30));
  const latencyMs = random.pick([0.1, 0.5, 2, 20]);
  const least = leastWindowBytes({ latencyMs, paceMs, nodes });
  const leaseMs = random.pick([1000, 2000, 3000]);
  const heldMs = random.pick([4000, 4000, 8000, 30_000]);
  const weights: Partial<Record<FaultKind, number>> = {};
  for (const kind of kinds) weights[kind] = WEIGHTS[kind];
  const count = kinds.size === 0 ? 0 : random.whole(1, isLong ? 10 : 4);
  const faults = Array.from({ length: count }, (): Fault => {
    const kind = drawKind(random, weights);
    return {
      atMs: random.whole(0, durationMs),
      kind,
      target: random.below(64),
      ms: Math.floor(
        random.pick([100, 500, 1500, leaseMs * 1.5, leaseMs * 3]) * random.between(0.5, 1.5),
      ),
      degree: random.next(),
    };
  }).sort((a, b) => a.atMs - b.atMs);
  return {
    ...{ seed, mode, nodes, durationMs, paceMs, leaseMs, faults },
    // The damage of forged frames heals within the retention time, and the run has to wait for it.
    heldMs: faults.some(({ kind }) => kind === 'forge') ? Math.min(heldMs, 4000) : heldMs,
    servers: random.whole(2, Math.min(6, nodes + 1)),
    users: random.whole(2, 8),
    latencyMs,
    windowBytes: Math.max(least, random.pick([least, 64 * 1024, 512 * 1024, 8 * 1024 * 1024])),
    frameBytes: random.pick([[32 * 1024], [512, 32 * 1024], [4096]]),
    // Small buffers on a long path would make every link slow.
    kernelBytes: random.pick([latencyMs > 2 ? 64 * 1024 : 4096, 64 * 1024, 1024 * 1024]),
    markBytes: random.pick([16 * 1024, 256 * 1024]),
    timeoutMs: random.pick([2000, 10_000]),
  };
}

function drawKind(random: Random, weights: Partial<Record<FaultKind, number>>): FaultKind {
  const entries = FAULT_KINDS.map((kind) => ({ kind, weight: weights[kind] ?? 0 }));
  let draw = random.next() * entries.reduce((sum, { weight }) => sum + weight, 0);
  for (const { kind, weight } of entries) {
    draw -= weight;
    if (weight > 0 && draw < 0) return kind;
  }
  throw new Error('there is no kind of fault to draw from');
}

/** Kinds that the code survives; the others are drawn only on request. */
export const SOUND_KINDS: readonly FaultKind[] = FAULT_KINDS.filter(
  (kind) => !UNSOUND.includes(kind),
);

/** Parses a printed schedule. @throws Error if it is invalid. */
export function parseSchedule(text: string): Schedule {
  const value: unknown = JSON.parse(text);
  if (!isSchedule(value)) throw new Error('the file does not hold a schedule');
  return { ...DEFAULTS, ...value };
}

/** Values for stored schedules from before these were drawn. */
const DEFAULTS = { markBytes: 256 * 1024, timeoutMs: 10_000 };

function isSchedule(value: unknown): value is Schedule {
  if (typeof value !== 'object' || value === null) return false;
  const numbers = [
    'seed',
    'nodes',
    'servers',
    'users',
    'durationMs',
    'paceMs',
    'leaseMs',
    'heldMs',
  ];
  const fields = new Map(Object.entries(value));
  return (
    numbers.every((name) => Number.isFinite(fields.get(name))) &&
    Array.isArray(fields.get('faults'))
  );
}
