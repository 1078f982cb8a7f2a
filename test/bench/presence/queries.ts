import { setTimeout as delay } from 'node:timers/promises';
import { COMMANDS } from '@route/protocol';
import type { Effort, Reading } from '../scenario.ts';
import { percentile } from '../statistics.ts';
import { queryPdus, snapshotPdu } from './pdus.ts';
import type { PresenceLink } from './presence-link.ts';
import { untilOnline } from './snapshot.ts';
import type { Stage } from './stage.ts';
import { sumOf, usersFrom } from './users.ts';

const PC = { status: 'online', clientType: 'windows' } as const;
const USERS = 100_000;
/** Visits each of twice as many users, in scattered order: every other one is online. */
const STEP = 7919;

const asked = (count: number): number[] =>
  Array.from({ length: count }, (_, i) => 1 + ((i * STEP) % (2 * USERS)));

/** One link per node in turn, and users online on the first. */
async function twoLinks(stage: Stage): Promise<PresenceLink[]> {
  const links = [await stage.link(0), await stage.link(stage.nodes.length - 1)];
  await links[0]?.send(snapshotPdu(usersFrom(1, USERS), PC));
  const [, asker] = links;
  if (asker !== undefined) await untilOnline(asker, usersFrom(1, USERS));
  return links;
}

/** Two links query many users at a time at full speed; every answer is checked. */
export async function measureQueries(
  stage: Stage,
  { idsPerQuery, idsPerLink }: { readonly idsPerQuery: number; readonly idsPerLink: number },
): Promise<Reading> {
  const links = await twoLinks(stage);
  const userIds = asked(idsPerLink);
  const online = sumOf(userIds.filter((id) => id <= USERS));
  const bytes = queryPdus(userIds, idsPerQuery);
  const before = links.map(({ received }) => ({ ...received }));
  const { seconds, cores } = await stage.timed(async () => {
    await Promise.all(links.map((link) => link.send(bytes)));
    await Promise.all(
      links.map((link, i) => {
        const all = (before[i]?.ids ?? 0) + idsPerLink;
        return link.until('last answer', ({ ids }) => ids === all);
      }),
    );
  });
  for (const [i, { received }] of links.entries()) {
    if (received.onlineIds - (before[i]?.onlineIds ?? 0) !== online) {
      throw new Error('others were answered to be online than are');
    }
  }
  return { idsPerSecond: (2 * idsPerLink) / seconds, ...cores };
}

/** Queries one user at a time, the next after the answer: the latency of an answer. */
export async function measureAsking(stage: Stage, { measureMs }: Effort): Promise<Reading> {
  const [, link] = await twoLinks(stage);
  if (link === undefined) throw new Error('no second link');
  const latenciesUs: number[] = [];
  const pdus = asked(measureMs).map((id) => queryPdus([id], 1));
  let askedAtMs = 0;
  const askNext = (): void => {
    const pdu = pdus[latenciesUs.length];
    if (pdu === undefined) return;
    askedAtMs = performance.now();
    link.write(pdu);
  };
  link.onPdu = (commandId) => {
    if (commandId !== COMMANDS.users_status_response.commandId) return;
    latenciesUs.push((performance.now() - askedAtMs) * 1000);
    askNext();
  };
  await delay(100);
  const { cores } = await stage.timed(async () => {
    askNext();
    await link.until('last answer', () => latenciesUs.length === pdus.length);
  });
  return {
    p50Us: percentile(latenciesUs, 0.5),
    p99Us: percentile(latenciesUs, 0.99),
    ...cores,
  };
}
