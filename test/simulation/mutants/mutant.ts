import type { Planted } from '../hooks.ts';
import type { FaultKind } from '../schedule.ts';

/** A fault that is planted in the code under test, and that the simulation must find. */
export interface Mutant {
  readonly name: string;
  /** What the mutant breaks. */
  readonly breaks: string;
  readonly changes: readonly Planted[];
  /** The only fault kinds that reveal it, because others would take time; undefined for all. */
  readonly needs?: readonly FaultKind[];
}
