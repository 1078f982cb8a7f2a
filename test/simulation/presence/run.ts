import { SHARD_TAGS } from '@route/redis';
import { Acting } from './acts.ts';
import type { Plan } from './plan.ts';
import { type Check, type Problem, Watch } from './watch.ts';
import { World } from './world.ts';

/** Result of a run. */
export interface Outcome {
  /** Empty if every check passed. */
  readonly problems: readonly Problem[];
  readonly virtualMs: number;
  readonly notifications: number;
  readonly answers: number;
  /** Equal for two runs that took the same course. */
  readonly digest: number;
}

const QUIET_STEP_MS = 250;
/** Time in addition to the lease, to notice a fault, reconnect and report everything again. */
const SETTLE_MS = 5000;
/** Time to reopen a link. */
const RELINK_MS = 2500;
/** More than the time that a node remembers users announced offline, in microseconds. */
const TWO_DAYS = 2 * 86_400_000_000;

/**
 * Executes a plan. Must not be called inside a promise, because the run settles promises itself.
 */
export function run(plan: Plan, log?: (line: string) => void): Outcome {
  const watch = new Watch();
  watch.log = log;
  const world = new World(plan, watch);
  watch.begin(world);
  const undo = world.install();
  try {
    runAll(plan, { world, watch });
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    watch.problems.push({ check: 'crash', text: error.message });
  } finally {
    undo();
  }
  const { problems, notifications, answers, digest } = watch;
  return { problems, virtualMs: world.time.now, notifications, answers, digest };
}

interface Scene {
  readonly world: World;
  readonly watch: Watch;
}

function runAll({ setup, episodes }: Plan, scene: Scene): void {
  const { world, watch } = scene;
  const { time } = world;
  for (let i = 0; i < setup.nodes; i++) world.startNode();
  time.runUntil(3000);
  for (const server of world.servers) server.connectAfter(1);
  time.runUntil(4500);
  watch.beginEpisode();
  if (!settles(scene, 'at the beginning')) return;
  for (const [i, { lengthMs, acts }] of episodes.entries()) {
    watch.beginEpisode();
    const acting = new Acting(world, {
      impaired: (nodeId, impaired) => watch.impaired(nodeId, impaired),
      died: (nodeId) => watch.died(nodeId),
      lostData: () => watch.lostData(),
      disturbed: () => watch.disturbed(),
      full: (sinceMs) => watch.full(sinceMs),
      garbage: () => {
        world.hasGarbage = true;
      },
    });
    const begun = time.now;
    for (const act of acts) {
      time.runUntil(begun + act.at);
      acting.do(act);
    }
    time.runUntil(begun + lengthMs);
    acting.endAll();
    if (world.aliveNodes.every((node) => node.draining)) world.startNode();
    if (!settles(scene, `after episode ${i + 1}`)) return;
  }
  for (const server of world.servers) server.stop();
  time.runUntil(time.now + setup.graceMs + 2000);
  if (!settles(scene, 'with all links closed')) return;
  // Announced users are forgotten after a day, even if no other user enters the grace.
  world.network.target.redis.clockOffsetMicros += TWO_DAYS;
  time.runUntil(time.now + 3000);
  const left = world.hasGarbage ? [] : leftOver(world);
  if (left.length > 0) {
    watch.problems.push({ check: 'left-over', text: `all links are closed: ${left.join(', ')}` });
  }
}

/** Advances time until every check passes, or the time limit is reached. */
function settles({ world, watch }: Scene, when: string): boolean {
  const { time, setup } = world;
  const exactBy = time.now + RELINK_MS + setup.leaseMs + SETTLE_MS;
  const paceMs = (1000 * setup.users) / (setup.lostPerSecond ?? Number.POSITIVE_INFINITY);
  const toldBy = exactBy + setup.graceMs + 2000 + paceMs;
  while (watch.problems.length === 0) {
    const problems = whatIsWrong(world, watch);
    const [first] = problems;
    if (first === undefined) break;
    if (time.now >= (first.check === 'told' ? toldBy : exactBy)) {
      addAll(watch, problems, when);
      return false;
    }
    time.runUntil(time.now + QUIET_STEP_MS);
  }
  if (watch.problems.length > 0) return false;
  // No later effect is allowed.
  time.runUntil(time.now + setup.graceMs + 1500);
  // Garbage is found at the next look at its keys, which may be now.
  if (world.hasGarbage) return true;
  addAll(watch, whatIsWrong(world, watch), `${when}, later`);
  return watch.problems.length === 0;
}

function addAll(watch: Watch, problems: readonly Problem[], when: string): void {
  for (const { check, text } of problems.slice(0, 5)) {
    watch.problems.push({ check, text: `${when}: ${text}` });
  }
}

function whatIsWrong(world: World, watch: Watch): Problem[] {
  const as = (check: Check, texts: readonly string[]): Problem[] =>
    texts.map((text) => ({ check, text }));
  const unready = unreadiness(world);
  if (unready.length > 0) return as('ready', unready);
  const inexact = differences(world);
  if (inexact.length > 0) return as('exact', inexact);
  return as('told', watch.untold());
}

/** Reasons why nodes or msg_servers do not work yet. */
function unreadiness(world: World): string[] {
  const problems: string[] = [];
  for (const node of world.workingNodes) {
    if (!node.ready) problems.push(`${node.id} is not ready: ${[...node.unready].join(', ')}`);
    const { lingeringLinks } = node.engine.presence;
    if (world.network.isElsewhere(node.process)) problems.push(`${node.id} uses a former Redis`);
    if (!node.isIdle) problems.push(`${node.id} still has something to report`);
    if (lingeringLinks > 0) problems.push(`${node.id} has ${lingeringLinks} links that linger`);
  }
  for (const server of world.servers) {
    if (server.link === undefined && !server.isStopped) {
      problems.push(`msg_server ${server.index} has no link`);
    }
  }
  return problems;
}

/** Differences between presence and the reports of the links. */
function differences(world: World): string[] {
  const problems: string[] = [];
  const nodes = world.workingNodes;
  const [node] = nodes;
  const found = node && world.whereabouts(node);
  if (node === undefined || found === undefined) return ['presence cannot be asked'];
  const expected = world.expected();
  for (const { userId, state, connections } of found) {
    const truth = world.truth(userId);
    const links = connections
      .map(({ link, clients }) => `${link}=${textOf(clients)}`)
      .sort()
      .join(' ');
    const wanted = [...(expected.get(userId) ?? [])]
      .map(([link, text]) => `${link}=${text}`)
      .sort()
      .join(' ');
    if (state !== truth || links !== wanted) {
      problems.push(`user ${userId} is ${state} (${links}), expected ${truth} (${wanted})`);
    }
  }
  for (const each of nodes) {
    const held = [...world.links].filter((link) => link.node === each);
    const users = held.reduce((sum, { model }) => sum + userCount(model), 0);
    const { userCount: counted } = each.engine.presence;
    if (counted !== users) problems.push(`${each.id} keeps ${counted} users, expected ${users}`);
  }
  return problems;
}

function userCount(model: {
  users: ReadonlyMap<number, unknown>;
  holding(id: number): string;
}): number {
  return [...model.users.keys()].filter((id) => model.holding(id) !== '').length;
}

function textOf(clients: { windows: number; mac: number; ios: number; android: number }): string {
  const { windows, mac, ios, android } = clients;
  const part = (letter: string, count: number): string => (count > 0 ? `${letter}${count}` : '');
  return part('w', windows) + part('m', mac) + part('i', ios) + part('a', android);
}

/** Keys and entries that no link explains. */
function leftOver(world: World): string[] {
  const left: string[] = [];
  const alive = new Set(world.aliveNodes.map(({ id }) => id));
  for (const [key, stored] of world.network.target.redis.database(0).keys) {
    if (!SHARD_TAGS.some((tag) => key.includes(`{${tag}}`))) continue;
    const name = key.slice(key.indexOf('}:') + 2);
    if (name === 'meta' && stored.type === 'hash') {
      const nodes = [...stored.value.keys()].filter((field) => !field.startsWith('@'));
      const dead = nodes.filter((id) => !alive.has(id));
      if (dead.length > 0) left.push(`stamps of ${dead.join(' ')} in ${key}`);
      continue;
    }
    left.push(key);
  }
  return left;
}
