import type { NodeEnv } from '../harness/index.ts';
import type { BenchRedis } from './subjects/redis.ts';

/** How much time measuring may take. */
export interface Effort {
  /** How often each case is measured; the cases take turns. */
  readonly rounds: number;
  /** How often a measurement is made at the most when the rest of the machine disturbs it. */
  readonly attempts: number;
  readonly warmUpMs: number;
  readonly measureMs: number;
  /** Leave out what only fills in a curve or takes long. */
  readonly quick: boolean;
}

/**
 * A figure that every reading should have: the processors that neither the subject, nor its Redis, nor the
 * load kept busy. A reading that the rest of the machine has disturbed is taken again.
 */
export const OTHER_CORES = 'otherCores';

/** What one measurement gave, by the keys of the scenario's figures. */
export type Reading = Readonly<Record<string, number>>;

/** One quantity that a scenario measures. */
export interface FigureSpec {
  readonly key: string;
  /** Column heading, with the unit. */
  readonly heading: string;
  readonly digits: number;
  /** Figures of processor time share one column of the table. */
  readonly kind: 'result' | 'cores';
  /** A median at or above this means that this is what bounds the others; the table says so. */
  readonly limitAt?: number;
}

/** One thing to be measured: a subject at one point. */
export interface Case {
  /** What is measured: `route node, redis engine`, `nats-server`. */
  readonly subject: string;
  /** At which point of a curve, as `8 links`; absent where the scenario has none. */
  readonly at?: string;
  /** Starts what it needs, measures once, ends it. `effort` may be shorter than the scenario's. */
  measure(effort: Effort): Promise<Reading>;
}

/** What is aimed at: a median, or its ratio to another subject's in the same run. */
export interface Goal {
  readonly subject: string;
  readonly at?: string;
  readonly figure: string;
  /** The subject that it is divided by. */
  readonly against?: string;
  readonly bound: { readonly atLeast: number } | { readonly atMost: number };
}

/** A curve to be drawn: one figure over the numbers of the cases' `at`, one line a subject. */
export interface PlotSpec {
  /** The file's name, without `.svg`. */
  readonly file: string;
  readonly title: string;
  /** Cases whose `at` is a number and this are on it: `8 links`. */
  readonly unit: string;
  readonly figure: string;
  readonly yLabel: string;
}

/** What a scenario can do while it prepares. */
export interface Preparation {
  readonly effort: Effort;
  /** Settings of every route node that is started. */
  readonly nodeEnv: NodeEnv;
  /** The Redis that the whole run shares, started when it is first asked for: use a namespace of your own. */
  redis(): Promise<BenchRedis>;
  /** Tells the person who waits, above the progress line. */
  say(line: string): void;
}

/** Something worth knowing about the cluster, and how it is measured. */
export interface Scenario {
  readonly name: string;
  /** One line for `--help`. */
  readonly meaning: string;
  readonly figures: readonly FigureSpec[];
  readonly goals: readonly Goal[];
  readonly plots: readonly PlotSpec[];
  /** Where it takes long: how many rounds are enough. */
  readonly mostRounds?: number;
  /** What is to be measured here and now; a peer that is not installed is said and left out. */
  cases(preparation: Preparation): Promise<readonly Case[]>;
}
