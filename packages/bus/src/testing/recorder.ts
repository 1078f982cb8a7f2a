import { Bus } from '../bus.ts';
import type { BusOptions, Loss } from '../options.ts';
import type { ForeignFrame } from '../wire/header.ts';

/** A bus and all its events, for tests. */
export interface RecordedBus {
  readonly bus: Bus;
  /** `<sender> <kind> <text>` of each entry, in order. */
  readonly entries: string[];
  readonly losses: Loss[];
  readonly hearing: boolean[];
  readonly full: boolean[];
  readonly errors: Error[];
  readonly foreign: ForeignFrame[];
}

/** Creates a bus that records its events. The entries of its peers are decoded as text. */
export function recordedBus(options: Omit<BusOptions, 'events'>): RecordedBus {
  const entries: string[] = [];
  const losses: Loss[] = [];
  const hearing: boolean[] = [];
  const full: boolean[] = [];
  const errors: Error[] = [];
  const foreign: ForeignFrame[] = [];
  const bus = new Bus({
    ...options,
    events: {
      onEntry: (kind, bytes, sender) => entries.push(`${sender} ${kind} ${bytes}`),
      onResponsive: (state) => hearing.push(state),
      onJoined: () => {},
      onFull: (state) => full.push(state),
      onLost: (loss) => losses.push(loss),
      onError: (error) => errors.push(error),
      onForeign: (frame) => foreign.push(frame),
    },
  });
  return { bus, entries, losses, hearing, full, errors, foreign };
}
