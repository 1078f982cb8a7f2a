import { Random } from '@route/random';
import type { Act } from './plan.ts';
import type { RedisHost } from './redis-network.ts';
import type { World } from './world.ts';

/** Effects of acts that the checks must know. */
export interface Doings {
  /** A node, or its path to Redis, is impaired from now on, or no longer. */
  impaired(nodeId: string, impaired: boolean): void;
  died(nodeId: string): void;
  /** Redis has lost data. */
  lostData(): void;
  garbage(): void;
  /** Redis is disturbed in some way. */
  disturbed(): void;
  /** Redis was at maxmemory from `sinceMs` until now. */
  full(sinceMs: number): void;
}

/** Performs the acts of an episode, and ends what they have started. */
export class Acting {
  readonly #world: World;
  readonly #doings: Doings;
  /** Functions that end active acts. */
  readonly #endings = new Set<() => void>();

  constructor(world: World, doings: Doings) {
    this.#world = world;
    this.#doings = doings;
  }

  /** Ends all active acts. */
  endAll(): void {
    for (const end of [...this.#endings]) end();
  }

  do(act: Act): void {
    const world = this.#world;
    switch (act.kind) {
      case 'update':
        world.server(act.server)?.report(act.client);
        return;
      case 'query':
        world.server(act.server)?.ask(world.userIds);
        return;
      case 'relink': {
        const server = world.server(act.server);
        server?.disconnect(act.abrupt);
        server?.connectAfter(act.afterMs);
        return;
      }
      case 'server-restart': {
        const server = world.server(act.server);
        if (server === undefined) return;
        server.disconnect(true);
        server.clients = [];
        server.connectAfter(act.afterMs);
        return;
      }
      case 'role':
        world.server(act.server)?.setMaster(act.master);
        return;
      default:
        if (act.kind.startsWith('redis')) this.#toRedis(act);
        else this.#toNode(act);
    }
  }

  #toNode(act: Act): void {
    const world = this.#world;
    const { network, time } = world;
    switch (act.kind) {
      case 'node-start':
        world.startNode();
        return;
      case 'node-kill': {
        const node = world.node(act.node);
        if (node === undefined) return;
        this.#doings.died(node.id);
        world.kill(node);
        const { startMs } = act;
        if (startMs !== undefined) this.#after(startMs, () => void world.startNode());
        return;
      }
      case 'node-freeze': {
        const node = world.node(act.node);
        if (node === undefined || node.process.frozen) return;
        node.process.freeze();
        this.#during(node.id, act.forMs, () => node.process.thaw(time));
        return;
      }
      case 'node-drain': {
        const node = world.node(act.node);
        if (node === undefined) return;
        this.#doings.died(node.id);
        node.drain(act.overMs);
        return;
      }
      case 'node-shed':
        world.node(act.node)?.shed(act.count);
        return;
      case 'path-cut': {
        const node = world.node(act.node);
        if (node !== undefined) network.cut(node.process);
        return;
      }
      case 'path-slow': {
        const node = world.node(act.node);
        if (node === undefined) return;
        const { latencyMs } = network.pathOf(node.process);
        network.changePath(node.process, { latencyMs: act.latencyMs });
        this.#during(node.id, act.forMs, () => network.changePath(node.process, { latencyMs }));
        return;
      }
      case 'path-dark': {
        const node = world.node(act.node);
        if (node === undefined) return;
        network.changePath(node.process, { darkOut: act.out, darkIn: act.in });
        this.#during(node.id, act.forMs, () => {
          network.changePath(node.process, { darkOut: false, darkIn: false });
        });
      }
    }
  }

  #toRedis(act: Act): void {
    const world = this.#world;
    const { network } = world;
    const { target } = network;
    this.#doings.disturbed();
    switch (act.kind) {
      case 'redis-away': {
        if (target.state !== 'up') return;
        if (act.silent) target.vanish();
        else target.stop();
        this.#after(act.forMs, () => {
          // This does not affect a server that was promoted meanwhile.
          if (act.data === 'lost') target.redis.empty();
          if (act.data === 'snapshot') target.redis.rollBack();
          if (act.data !== 'kept' && network.target === target) this.#doings.lostData();
          target.redis.started();
          target.start();
        });
        return;
      }
      case 'redis-empty':
        target.redis.empty();
        this.#doings.lostData();
        return;
      case 'redis-save':
        target.redis.save();
        return;
      case 'redis-copy':
        world.replica = network.makeHost();
        world.replica.redis.copyFrom(target.redis);
        return;
      case 'redis-promote':
        this.#promote(act, target);
        return;
      case 'redis-clock':
        target.redis.clockOffsetMicros += act.stepMs * 1000;
        return;
      case 'redis-refuse': {
        const before = target.redis.refusal;
        if (before !== undefined) return;
        target.redis.refusal = act.refusal;
        const sinceMs = world.time.now;
        this.#after(act.forMs, () => {
          if (act.refusal === 'oom') this.#doings.full(sinceMs);
          target.endRefusal();
        });
        return;
      }
      case 'redis-forget-scripts':
        target.redis.forgetScripts();
        return;
      case 'redis-garbage':
        this.#doings.garbage();
        putGarbage(world, new Random(act.pick));
    }
  }

  #promote(act: Extract<Act, { kind: 'redis-promote' }>, old: RedisHost): void {
    const { network } = this.#world;
    const copy = act.data === 'copy' ? this.#world.replica : undefined;
    this.#world.replica = undefined;
    const promoted = copy ?? network.makeHost();
    promoted.redis.clockOffsetMicros = old.redis.clockOffsetMicros + act.clockMs * 1000;
    network.target = promoted;
    this.#doings.lostData();
    if (act.old === 'primary') return;
    if (act.old === 'dead') {
      old.stop();
      return;
    }
    old.demote();
    if (act.old === 'demoted') for (const socket of [...old.sockets]) socket.reset();
  }

  #during(nodeId: string, forMs: number, end: () => void): void {
    this.#doings.impaired(nodeId, true);
    this.#after(forMs, () => {
      end();
      this.#doings.impaired(nodeId, false);
    });
  }

  #after(ms: number, end: () => void): void {
    const once = (): void => {
      if (this.#endings.delete(once)) end();
    };
    this.#endings.add(once);
    this.#world.time.after(ms, once);
  }
}

/** Writes invalid entries into the keys of presence, beside valid ones. */
function putGarbage({ network }: World, random: Random): void {
  const database = network.target.redis.database(0);
  const noise = (): string =>
    random.pick(['', 'x', ';;==', '-1', '9e99', '\u0000\u00ff', 'p;nobody.1=w1;']);
  for (const [key, stored] of [...database.keys]) {
    if (!random.chance(0.3)) continue;
    if (stored.type === 'hash') stored.value.set(`stray${noise()}`, noise());
    else if (stored.type === 'set') stored.value.add(`stray${noise()}`);
    else if (stored.type === 'zset') stored.value.set(`stray${noise()}`, random.whole(-5, 2 ** 50));
    void key;
  }
}
