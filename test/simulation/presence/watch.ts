import { PresenceRedis, type UserState as State } from '@route/presence';
import { type ClientStatus, isPc, USER_STATUS } from '@route/protocol';
import { type UserDoings, unseenDepartures } from './departures.ts';
import type { SimLink, Told } from './msg-server.ts';
import type { LogLine, SimNode } from './sim-node.ts';
import type { World, WorldEvents } from './world.ts';

/** A user, and a link that is told of changes of the user. */
interface UserOnLink {
  readonly user: UserDoings;
  readonly truth: State;
  readonly link: SimLink;
}

/** A failed check. */
export interface Problem {
  readonly check: Check;
  readonly text: string;
}

/** The checks. */
export type Check =
  | 'crash'
  | 'ready'
  | 'exact'
  | 'query'
  | 'reaped'
  | 'told'
  | 'left-over'
  | 'full'
  | 'pace';

/** Time within which closed links and clients that go are removed from a Redis at maxmemory. */
const FULL_MS = 3000;

/** Observes a run and reports violations. */
export class Watch implements WorldEvents {
  readonly problems: Problem[] = [];
  answers = 0;
  notifications = 0;
  /** Equal for two runs that took the same course. */
  digest = 0;
  /** Prints log lines of the nodes, for a reader. */
  log: ((line: string) => void) | undefined;
  #world: World | undefined;
  #users = new Map<number, UserDoings>();
  readonly #impaired = new Map<string, number>();
  /** When a node was last impaired, in virtual ms, by its id. */
  readonly #impairedAt = new Map<string, number>();
  readonly #died = new Set<string>();
  #diedNow = new Set<string>();
  #redisLostData = false;
  /** When Redis last lost data, in virtual ms. */
  #lostDataAt = 0;
  /** When a node last acquired its lease, in virtual ms, by its id. */
  readonly #acquiredAt = new Map<string, number>();
  /** When a node was last known to have asserted its links, in virtual ms, by its id. */
  readonly #assertedAt = new Map<string, number>();
  #framesLost = false;
  #episodeAt = 0;
  /** When Redis was last disturbed, in virtual ms. */
  #disturbedAt = 0;
  /** Closed links, and the times of their close. */
  #closed: { readonly link: SimLink; readonly at: number }[] = [];
  /** Ids of links that were asked to move: their users count for another lease. */
  readonly #askedToMove = new Set<string>();
  /** Links that did not receive all the time. */
  #changedRoles = new Set<SimLink>();

  begin(world: World): void {
    this.#world = world;
  }

  /** Starts an episode: everything is in order now. */
  beginEpisode(): void {
    const world = this.#expectWorld();
    this.#episodeAt = world.time.now;
    this.#users = new Map();
    for (const id of world.userIds) {
      this.#users.set(id, {
        before: world.truth(id),
        updates: [],
        pcLinkEnds: 0,
        reaped: 0,
        pcListed: 0,
        mobileCame: 0,
        viaNodes: new Set(),
      });
    }
    this.#closed = [];
    this.#diedNow = new Set();
    this.#redisLostData = false;
    this.#framesLost = false;
    this.#changedRoles = new Set();
    for (const link of world.links) link.told.length = 0;
  }

  impaired(nodeId: string, impaired: boolean): void {
    const more = (this.#impaired.get(nodeId) ?? 0) + (impaired ? 1 : -1);
    this.#impaired.set(nodeId, more);
    this.#impairedAt.set(nodeId, this.#now);
  }

  died(nodeId: string): void {
    this.#died.add(nodeId);
    this.#diedNow.add(nodeId);
  }

  disturbed(): void {
    this.#disturbedAt = this.#now;
  }

  /** Redis was at maxmemory: links that closed and clients that went must still be removed. */
  full(sinceMs: number): void {
    const { network, setup } = this.#expectWorld();
    const { keys } = network.target.redis.database(0);
    if (this.#disturbedAt > sinceMs) return;
    const isSound = (link: SimLink, since: number): boolean => this.#isSound(link, since);
    const users = this.#framesLost ? [] : this.#users;
    const world = this.#expectWorld();
    const untilMs = this.#now - FULL_MS;
    for (const text of unseenDepartures({ world, users, sinceMs, untilMs, isSound })) {
      this.#problem('full', text);
    }
    for (const { link, at } of this.#closed) {
      const endedAt = this.#askedToMove.has(link.id ?? '') ? at + setup.leaseMs : at;
      if (at < sinceMs || endedAt > this.#now - FULL_MS || this.#died.has(link.node.id)) continue;
      if ((this.#impairedAt.get(link.node.id) ?? 0) > sinceMs - FULL_MS) continue;
      const key = [...keys.keys()].find((each) => each.endsWith(`:link-users:${link.id}`));
      if (key !== undefined) this.#problem('full', `${key} stays in a Redis that is full`);
    }
  }

  /** Whether a link has been open, and its node has reached Redis, since some time before. */
  #isSound({ isOpen, model, node, openedAt }: SimLink, sinceMs: number): boolean {
    const impairedAt = this.#impairedAt.get(node.id) ?? Number.NEGATIVE_INFINITY;
    const isImpaired = (this.#impaired.get(node.id) ?? 0) > 0 || impairedAt > sinceMs - FULL_MS;
    return isOpen && model.counts && openedAt < sinceMs && !this.#died.has(node.id) && !isImpaired;
  }

  lostData(): void {
    this.#redisLostData = true;
    this.#lostDataAt = this.#now;
  }

  opened(): void {}

  notified(link: SimLink, told: Told): void {
    this.notifications++;
    this.#digest(link.port + told.userId + told.kind.length);
    this.log?.(
      `${(this.#now / 1000).toFixed(3)} link ${link.id} is told: ${told.userId} ${told.kind}`,
    );
    const { setup } = this.#expectWorld();
    if (setup.lostPerSecond !== undefined) this.#checkPace(link, setup.lostPerSecond);
  }

  /**
   * Checks that grace announcements per second stay within the nodes' limit, plus the rest of one
   * second.
   */
  #checkPace(link: SimLink, perSecond: number): void {
    const isLost = ({ userId, kind, at }: Told): boolean =>
      kind === 'offline' && at > this.#now - 1000 && this.#users.get(userId)?.updates.length === 0;
    const lost = link.told.filter(isLost).length;
    const most = this.#expectWorld().aliveNodes.length * (perSecond + 1);
    if (lost > most) this.#problem('pace', `link ${link.id} is told of ${lost} lost users at once`);
  }

  closed(link: SimLink): void {
    this.#closed.push({ link, at: this.#now });
    if (!link.model.counts) return;
    for (const userId of link.model.users.keys()) {
      if (link.model.state(userId) === 'gone') continue;
      const user = this.#users.get(userId);
      if (user === undefined) continue;
      user.viaNodes.add(link.node.id);
      if (link.model.state(userId) === 'pc') user.pcLinkEnds++;
    }
  }

  reported(link: SimLink, client: ClientStatus, how: 'update' | 'list'): void {
    const user = this.#users.get(client.userId);
    if (user === undefined) return;
    user.viaNodes.add(link.node.id);
    // Reports on a standby link take effect with its promotion, as a snapshot does.
    if (!link.model.counts) return;
    if (how === 'update') user.updates.push({ client, link, at: this.#now });
    const came = client.status !== USER_STATUS.offline;
    if (how === 'list' && came && isPc(client.clientType)) user.pcListed++;
    if (came && !isPc(client.clientType)) user.mobileCame++;
  }

  /** The master role of a link changed: its users come or go as with the link. */
  roleChanged(link: SimLink): void {
    this.#changedRoles.add(link);
    for (const userId of link.model.users.keys()) {
      const user = this.#users.get(userId);
      if (user === undefined || link.model.state(userId) === 'gone') continue;
      user.viaNodes.add(link.node.id);
      user.pcLinkEnds++;
      user.pcListed++;
      user.mobileCame++;
    }
  }

  answered(link: SimLink, seqNum: number, online: ReadonlyMap<number, boolean>): void {
    const asked = link.asked.get(seqNum);
    link.asked.delete(seqNum);
    if (asked === undefined) {
      this.#problem(
        'query',
        `${link.node.id} answered a query that link ${link.port} has not asked`,
      );
      return;
    }
    this.answers++;
    this.#digest(seqNum + [...online.values()].filter(Boolean).length);
    for (const id of asked.own) {
      // If Redis was away at the query, the answer has the user's state of a later time.
      const isHeld = link.model.counts && link.model.state(id) === 'pc';
      if (online.get(id) === true || !isHeld) continue;
      this.#problem('query', `link ${link.id} asked and did not see its own user ${id}`);
    }
  }

  logged(node: SimNode, line: LogLine): void {
    this.log?.(`${(this.#now / 1000).toFixed(3)} ${node.id} ${JSON.stringify(line)}`);
    const { event, link, reason } = line;
    if (event === 'link-closed' && reason === 'rebalancing' && link) this.#askedToMove.add(link);
    if (line.event === 'bus-frames-lost') this.#framesLost = true;
    if (line.event === 'lease-acquired') this.#acquiredAt.set(node.id, this.#now);
    if (line.event === 'presence-settled') this.#settled(node);
    if (line.event === 'lease-lost') this.#noteAsserted(node);
    if (line.event === 'node-reaped' && line.dead !== undefined) {
      this.#takenForDead(line.dead, `${node.id} reaped ${line.dead}, which lives`);
    }
  }

  /**
   * Called when a node no longer waits for others to report to a Redis that has lost data. It
   * treats nodes that have not reported as dead, although there is nothing to reap.
   */
  #settled(node: SimNode): void {
    const { links, network } = this.#expectWorld();
    // Settled by a server that was replaced: it settles anew when it has moved.
    if (network.isElsewhere(node.process)) return;
    // A node that has just started cannot know of others that an emptied Redis does not name. In
    // a Redis that refuses writes, only nodes without users can assert their links.
    const mayBeAlone = !node.listening || network.target.redis.refusal !== undefined;
    for (const other of new Set([...links].map((link) => link.node))) {
      if (other === node || !other.alive || this.#hasAsserted(other)) continue;
      const problem = `${node.id} is settled without ${other.id}, which lives`;
      this.#takenForDead(other.id, mayBeAlone ? undefined : problem);
    }
  }

  /** Whether a node has asserted its links since Redis last lost data. */
  #hasAsserted(node: SimNode): boolean {
    this.#noteAsserted(node);
    return (this.#assertedAt.get(node.id) ?? Number.NEGATIVE_INFINITY) > this.#lostDataAt;
  }

  #noteAsserted({ id, engine: { presence } }: SimNode): void {
    const isAcquired = (this.#acquiredAt.get(id) ?? Number.NEGATIVE_INFINITY) > this.#lostDataAt;
    if (isAcquired && presence instanceof PresenceRedis && presence.isAsserted) {
      this.#assertedAt.set(id, this.#now);
    }
  }

  /** Other nodes treat a live node as dead: its users went offline, and return with it. */
  #takenForDead(nodeId: string, problem: string | undefined): void {
    const world = this.#expectWorld();
    if (this.#died.has(nodeId) || !world.nodes.some(({ id }) => id === nodeId)) return;
    const since = this.#now - (this.#impairedAt.get(nodeId) ?? Number.NEGATIVE_INFINITY);
    const wasImpaired = (this.#impaired.get(nodeId) ?? 0) > 0 || since < world.setup.leaseMs + 5000;
    if (!wasImpaired && problem !== undefined) this.#problem('reaped', problem);
    const held = [...this.#expectWorld().links].filter(({ node }) => node.id === nodeId);
    for (const [userId, user] of this.#users) {
      const isHeld = held.some(({ model }) => model.counts && model.state(userId) === 'pc');
      if (isHeld || user.viaNodes.has(nodeId)) user.reaped++;
    }
  }

  /** Wrong or missing notifications, now that nothing changes any more. */
  untold(): string[] {
    const world = this.#expectWorld();
    const wrong: string[] = [];
    if (this.#framesLost) return wrong;
    for (const [userId, user] of this.#users) {
      const isUnsure = [...user.viaNodes].some((id) => this.#diedNow.has(id));
      if (isUnsure) continue;
      const truth = world.truth(userId);
      for (const link of world.links) {
        if (world.setup.links === 'master' && !link.model.counts) continue;
        if (this.#died.has(link.node.id) || this.#changedRoles.has(link)) continue;
        const told = link.told.filter((each) => each.userId === userId);
        const problem = this.#problemOf({ user, truth, link }, told);
        if (problem !== undefined)
          wrong.push(`user ${userId} is ${truth}, link ${link.id}: ${problem}`);
      }
    }
    return wrong;
  }

  #problemOf({ user, truth, link }: UserOnLink, told: readonly Told[]): string | undefined {
    const { graceMs } = this.#expectWorld().setup;
    const kinds = told.map(({ kind }) => kind);
    const said = `was told ${kinds.join(', ') || 'nothing'}`;
    const status = kinds.findLast((kind) => !kind.startsWith('login'));
    const login = kinds.findLast((kind) => kind.startsWith('login'));
    const pcUpdates = user.updates.filter(({ client }) => isPc(client.clientType));
    const offlines = pcUpdates.filter(({ client }) => client.status === USER_STATUS.offline).length;
    // A snapshot causes no notification for a user who was announced offline by an update.
    const isExplained = user.pcListed > 0 && offlines > 0;
    if (status === 'offline' && truth === 'pc' && !isExplained) return said;
    const isSilent = graceMs === 0 && user.pcLinkEnds > 0;
    if ((status === 'online' || status === 'leave') && truth !== 'pc' && !isSilent) return said;
    if (login === 'login-off' && truth === 'pc' && !isExplained) return said;
    const mayStay = isSilent || user.mobileCame > 0;
    if (login === 'login-on' && truth === 'mobile-only' && !mayStay) return said;

    const onlineUpdates = pcUpdates.length - offlines;
    const count = (kind: string): number => kinds.filter((each) => each === kind).length;
    const corrections = Math.max(0, count('online') + count('leave') - onlineUpdates);
    // A user of a reaped node went offline, and an update in that time may announce the return.
    const returns = Math.min(user.reaped, onlineUpdates);
    if (count('offline') > offlines + user.pcLinkEnds + corrections + returns) {
      return `${said}: more departures than there were`;
    }
    // A user without any change is not announced, or the announcement is corrected.
    const untouched = user.updates.length === 0 && user.pcLinkEnds === 0 && user.pcListed === 0;
    if (untouched && count('offline') > corrections) return `${said}, though nothing has happened`;
    return this.#missing({ user, truth, link }, kinds);
  }

  /** The notifications that a single change of a user must have caused. */
  #missing({ user, truth, link }: UserOnLink, kinds: readonly string[]): string | undefined {
    if (link.openedAt > this.#episodeAt || user.pcListed > 0 || user.reaped > 0) return undefined;
    const { graceMs } = this.#expectWorld().setup;
    const [update, ...others] = user.updates;
    const expected: string[] = [];
    const cameByIt =
      update !== undefined &&
      !isPc(update.client.clientType) &&
      update.client.status !== USER_STATUS.offline;
    if (
      update !== undefined &&
      others.length === 0 &&
      user.pcLinkEnds === 0 &&
      user.mobileCame <= (cameByIt ? 1 : 0)
    ) {
      const { clientType, status } = update.client;
      const offline = status === USER_STATUS.offline;
      const pc = isPc(clientType);
      if (truth !== 'gone') {
        if (offline && pc && truth === 'mobile-only') expected.push('login-off');
        if (!offline && truth === 'pc') expected.push('login-on');
      }
      if (pc && !(offline && truth === 'pc')) {
        const name = offline ? 'offline' : status === USER_STATUS.leave ? 'leave' : 'online';
        expected.push(name);
      }
      // A link that closed right after its update may have been too quick for it.
      if (!update.link.isOpen) return undefined;
    } else if (update === undefined && user.pcLinkEnds === 1 && graceMs > 0 && truth !== 'pc') {
      expected.push('offline');
      if (truth === 'mobile-only' && user.mobileCame === 0) expected.push('login-off');
    }
    for (const kind of expected) {
      const count = kinds.filter((each) => each === kind).length;
      if (count === 0) return `was not told ${kind}, but ${kinds.join(', ') || 'nothing'}`;
      if (count > 1 && !this.#redisLostData) return `was told ${kind} ${count} times`;
    }
    return undefined;
  }

  get #now(): number {
    return this.#expectWorld().time.now;
  }

  #problem(check: Check, text: string): void {
    this.problems.push({ check, text: `${(this.#now / 1000).toFixed(3)} s: ${text}` });
  }

  #digest(value: number): void {
    this.digest = (Math.imul(this.digest, 31) + Math.floor(this.#now * 1000) + value) >>> 0;
  }

  #expectWorld(): World {
    if (this.#world === undefined) throw new Error('nothing is watched yet');
    return this.#world;
  }
}
