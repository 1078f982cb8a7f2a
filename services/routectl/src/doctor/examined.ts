import type { EventView, LinkView, NodeView } from '@route/admin-api';
import type { NodeRegistry } from '@route/presence';
import type { ServerLimits, Subscriber } from '@route/redis';
import type { Answer, KnownNode } from '../nodes.ts';

/** A node, its answers, and its clock relative to this machine's. */
export interface ExaminedNode {
  readonly known: KnownNode;
  readonly name: string;
  readonly answer: Answer<NodeAnswers>;
}

export interface NodeAnswers {
  readonly view: NodeView;
  readonly links: readonly LinkView[];
  readonly events: readonly EventView[];
  readonly clock: Clock;
}

/** How far a clock is before this machine's, and how sure that is, in ms. */
export interface Clock {
  readonly aheadMs: number;
  readonly unsureMs: number;
}

/** Data read from Redis. */
export interface ExaminedRedis {
  readonly servers: readonly ServerLimits[];
  /** undefined where it may not be read. */
  readonly subscribers: readonly Subscriber[] | undefined;
  readonly directory: NodeRegistry;
  /** Link → number of shards in which Redis has users of it. */
  readonly heldLinks: ReadonlyMap<string, number>;
  readonly clock: Clock;
}

/** The value of a clock between two moments of this machine's. */
export function clockOf(saidMs: number, askedAtMs: number, answeredAtMs: number): Clock {
  const unsureMs = (answeredAtMs - askedAtMs) / 2;
  return { aheadMs: saidMs - askedAtMs - unsureMs, unsureMs };
}
