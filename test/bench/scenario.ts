import type { NodeEnv } from '../harness/index.ts';
import type { BenchRedis } from './subjects/redis.ts';

/** The time spent on measuring. */
export interface Effort {
  /** Rounds per case; the cases take turns. */
  readonly rounds: number;
  /** Maximum attempts for a measurement that other load disturbs. */
  readonly attempts: number;
  readonly warmUpMs: number;
  readonly measureMs: number;
  /** Skip cases that only fill in a curve or take long. */
  readonly quick: boolean;
}

/**
 * A figure for every reading: processors kept busy by other programs than the subject, its Redis
 * and the load. A disturbed reading is repeated.
 */
export const OTHER_CORES = 'otherCores';

/** Values of one measurement, by the keys of the scenario's figures. */
export type Reading = Readonly<Record<string, number>>;

/** One quantity that a scenario measures. */
export interface FigureSpec {
  readonly key: string;
  /** Column heading, with the unit. */
  readonly heading: string;
  readonly digits: number;
  /** Figures of processor time share one column of the table. */
  readonly kind: 'result' | 'cores';
  /** A median at or above this marks the bottleneck; the table shows it. */
  readonly limitAt?: number;
}

/** One case to measure: a subject at one point. */
export interface Case {
  /** The subject: `route node, redis engine`, `nats-server`. */
  readonly subject: string;
  /** The point on a curve, as `8 links`; absent where the scenario has none. */
  readonly at?: string;
  /** Starts the subject, measures once, stops it. `effort` may be shorter than the scenario's. */
  measure(effort: Effort): Promise<Reading>;
}

/** A target: for a median, or for its ratio to another subject's in the same run. */
export interface Goal {
  readonly subject: string;
  readonly at?: string;
  readonly figure: string;
  /** The subject that it is divided by. */
  readonly against?: string;
  readonly bound: { readonly atLeast: number } | { readonly atMost: number };
}

/** A plot: one figure over the numbers of the cases' `at`, one line per subject. */
export interface PlotSpec {
  /** File name without `.svg`. */
  readonly file: string;
  readonly title: string;
  /** Includes cases whose `at` is a number followed by this: `8 links`. */
  readonly unit: string;
  readonly figure: string;
  readonly yLabel: string;
}

/** What a scenario can use while it prepares. */
export interface Preparation {
  readonly effort: Effort;
  /** Settings of every route node that is started. */
  readonly nodeEnv: NodeEnv;
  /** The Redis of the whole run, started on first use: each user takes its own namespace. */
  redis(): Promise<BenchRedis>;
  /** Prints a line for the user above the progress line. */
  say(line: string): void;
}

/** A question about the cluster, and how it is measured. */
export interface Scenario {
  readonly name: string;
  /** One line for `--help`. */
  readonly meaning: string;
  readonly figures: readonly FigureSpec[];
  readonly goals: readonly Goal[];
  readonly plots: readonly PlotSpec[];
  /** Number of rounds that suffice for a slow scenario. */
  readonly mostRounds?: number;
  /** Returns the cases to measure here; a peer that is not installed is reported and skipped. */
  cases(preparation: Preparation): Promise<readonly Case[]>;
}
