import { readHeldLinks, readNodeRegistry } from '@route/presence';
import { readServerLimits, readSubscribers } from '@route/redis';
import { ask, type KnownNode } from '../nodes.ts';
import type { RedisSession } from '../redis-session.ts';
import { clockOf, type ExaminedNode, type ExaminedRedis } from './examined.ts';

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
