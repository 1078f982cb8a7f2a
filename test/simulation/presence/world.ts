import type { LinkId, UserConnections } from '@route/presence';
import { together } from '@route/presence/testing/model';
import type { ClientStatus } from '@route/protocol';
import { Random } from '@route/random';
import { SimProcess, VirtualTime } from '../world/virtual-time.ts';
import { MsgServer, type SimLink, type Told } from './msg-server.ts';
import { type Plan, type Setup, userId } from './plan.ts';
import { type RedisHost, RedisNetwork } from './redis-network.ts';
import { type LogLine, SimNode } from './sim-node.ts';

/** Events that the checks observe. */
export interface WorldEvents {
  opened(link: SimLink): void;
  closed(link: SimLink): void;
  reported(link: SimLink, client: ClientStatus, how: 'update' | 'list'): void;
  answered(link: SimLink, seqNum: number, online: ReadonlyMap<number, boolean>): void;
  notified(link: SimLink, told: Told): void;
  roleChanged(link: SimLink): void;
  logged(node: SimNode, line: LogLine): void;
}

/** A cluster, its Redis and its msg_servers, in virtual time. */
export class World {
  readonly time = new VirtualTime();
  readonly setup: Setup;
  readonly network: RedisNetwork;
  readonly nodes: SimNode[] = [];
  readonly servers: MsgServer[];
  readonly links = new Set<SimLink>();
  readonly userIds: readonly number[];
  /** Whether garbage was written into the keys of presence. */
  hasGarbage = false;
  /** The state of a replica at its last copy. */
  replica: RedisHost | undefined;
  readonly #random: Random;
  readonly #events: WorldEvents;
  readonly #clients = new SimProcess('msg_servers');
  readonly #byPort = new Map<string, SimLink>();
  #nodesMade = 0;
  #ports = 10_000;

  constructor({ seed, setup }: Plan, events: WorldEvents) {
    this.setup = setup;
    this.#events = events;
    this.#random = new Random(seed ^ 0x5eed);
    const jitter = this.#random.fork();
    this.network = new RedisNetwork(this.time, () => jitter.next());
    this.userIds = Array.from({ length: setup.users }, (_, i) => userId(i));
    const balancing = this.#random.fork();
    this.servers = Array.from(
      { length: setup.servers },
      (_, index) =>
        new MsgServer(index, {
          time: this.time,
          process: this.#clients,
          countsMastersOnly: setup.links === 'master',
          balance: () =>
            balancing.pickIfAny(
              this.nodes.filter((node) => node.listening && !node.process.frozen),
            ),
          nextPort: () => ++this.#ports,
          random: () => balancing.next(),
          opened: (link) => {
            this.links.add(link);
            this.#byPort.set(`10.1.0.1:${link.port}`, link);
            events.opened(link);
          },
          closed: (link) => {
            this.links.delete(link);
            events.closed(link);
          },
          answered: (link, seqNum, online) => events.answered(link, seqNum, online),
          notified: (link, told) => events.notified(link, told),
          roleChanged: (link) => events.roleChanged(link),
          reported: (link, client, how) => events.reported(link, client, how),
        }),
    );
  }

  /**
   * Replaces time, sockets and random numbers of the process. @returns a function that undoes it.
   */
  install(): () => void {
    const random = this.#random.fork();
    const undo = [this.time.install(() => random.next()), this.network.install()];
    return () => {
      for (const each of undo.reverse()) each();
    };
  }

  startNode(): SimNode {
    const { setup, time, network } = this;
    const id = `node${(++this.#nodesMade).toString(36).padStart(8, 'a')}`;
    const node = new SimNode({
      ...{ id, time, network },
      settings: {
        ROUTE_LEASE_SECONDS: setup.leaseMs / 1000,
        ROUTE_OFFLINE_GRACE_SECONDS: setup.graceMs / 1000,
        ROUTE_LINKS: setup.links,
        ROUTE_ENGINE: setup.engine ?? 'redis',
        ...(setup.lostPerSecond && { ROUTE_OFFLINE_GRACE_PER_SECOND: setup.lostPerSecond }),
        REDIS_COMMAND_TIMEOUT_MS: setup.commandTimeoutMs,
        REDIS_CONNECT_TIMEOUT_MS: setup.commandTimeoutMs,
      },
      log: (from, line) => {
        if (line.event === 'link-opened' && line.link !== undefined) {
          const link = this.#byPort.get(line.peer ?? '');
          if (link !== undefined) link.id = line.link;
        }
        this.#events.logged(from, line);
      },
    });
    this.nodes.push(node);
    return node;
  }

  /** Running nodes, in the order of their start. */
  get aliveNodes(): SimNode[] {
    return this.nodes.filter((node) => node.alive);
  }

  /** Running nodes that do not drain. */
  get workingNodes(): SimNode[] {
    return this.aliveNodes.filter((node) => !node.draining);
  }

  /** The i-th of the running nodes that do not drain. */
  node(i: number): SimNode | undefined {
    const nodes = this.workingNodes;
    return nodes[i % nodes.length];
  }

  server(i: number): MsgServer | undefined {
    return this.servers[i % this.servers.length];
  }

  /** Ends a node. Its kernel, or the neighbours of its machine, inform its msg_servers. */
  kill(node: SimNode): void {
    node.kill();
    for (const link of this.links) if (link.node === node) link.connection.nodeDied();
  }

  /** State of a user as reported by all open links. */
  truth(user: number): 'gone' | 'mobile-only' | 'pc' {
    return together(
      [...this.links].map(({ model }) => model),
      user,
    );
  }

  /**
   * Asks a node for its users' connections, and advances time until it answers; undefined if it
   * does not.
   */
  whereabouts(node: SimNode): readonly UserConnections[] | undefined {
    let found: readonly UserConnections[] | undefined;
    let failed = false;
    this.time.after(
      0,
      () => {
        node.engine.presence.userConnections(this.userIds).then(
          (result) => {
            found = result;
          },
          () => {
            failed = true;
          },
        );
      },
      node.process,
    );
    for (let i = 0; i < 400 && found === undefined && !failed; i++) {
      this.time.runUntil(this.time.now + 5);
    }
    return found;
  }

  /** Expected content of Redis: user, then link and its clients. */
  expected(): Map<number, Map<LinkId, string>> {
    const users = new Map<number, Map<LinkId, string>>();
    for (const { model, id, port } of this.links) {
      if (!model.counts) continue;
      for (const user of model.users.keys()) {
        const holding = model.holding(user);
        if (holding === '') continue;
        const links = users.get(user) ?? new Map<LinkId, string>();
        links.set(id ?? `port ${port}`, holding);
        users.set(user, links);
      }
    }
    return users;
  }
}
