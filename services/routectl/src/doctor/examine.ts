import type { EventView, LinkView, NodeView } from '@route/admin-api';
import { type NodeRegistry, readHeldLinks, readNodeRegistry } from '@route/presence';
import {
  readServerLimits,
  readSubscribers,
  type ServerLimits,
  type Subscriber,
} from '@route/redis';
import { type Answer, ask, type KnownNode } from '../nodes.ts';
import type { RedisSession } from '../redis-session.ts';

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

/** Number of recent events checked per node. */
const EVENTS = 2000;

/** Asks a node all that the doctor looks at. */
export async function examineNode(known: KnownNode): Promise<ExaminedNode> {
  const answer = await ask(known.admin, async (admin) => {
    const askedAtMs = Date.now();
    const view = await admin.node();
    const clock = clockOf(view.nowMs, askedAtMs, Date.now());
    const [{ links }, { events }] = await Promise.all([
      admin.links(),
      admin.events({ limit: EVENTS }),
    ]);
    return { view, links, events, clock };
  });
  const name = known.node ?? known.admin?.address ?? 'a node';
  return { known, name, answer };
}

/** Reads all that the doctor looks at; changes nothing. @throws the client's error */
export async function examineRedis({ redis, store }: RedisSession): Promise<ExaminedRedis> {
  const askedAtMs = Date.now();
  const directory = await readNodeRegistry(store);
  const clock = clockOf(directory.nowMs ?? askedAtMs, askedAtMs, Date.now());
  const [servers, subscribers, heldLinks] = await Promise.all([
    readServerLimits(redis),
    readSubscribers(redis),
    readHeldLinks(store),
  ]);
  return { servers, subscribers, directory, heldLinks, clock };
}
