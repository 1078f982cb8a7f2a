import { CLIENT_TYPE, COMMANDS } from '@route/protocol';
import { Random } from '@route/random';
import { judgeFrame } from './bounds.ts';
import { Judge } from './judge.ts';
import { leastWindowBytes, type Schedule } from './schedule.ts';
import { Troubles, Violation } from './troubles.ts';
import type { LinkRecord, Sent } from './world/link-record.ts';
import { type LogLine, Member } from './world/member.ts';
import { MsgServer, type ServerWorld } from './world/msg-server.ts';
import { PubSub } from './world/pub-sub.ts';
import { Registry } from './world/redis.ts';
import type { MemberPlan } from './world/sim-engine.ts';
import type { LinkNetwork } from './world/sockets.ts';
import { SimProcess, VirtualTime } from './world/virtual-time.ts';

/** A msg_server closes its link to a node that is silent for this long. */
const TIMEOUT_MS = 10_000;
const HEARTBEAT_MS = 2000;

/** A simulated cluster: Redis, nodes, msg_servers, and checks that run continuously. */
export class Cluster implements ServerWorld {
  readonly schedule: Schedule;
  readonly time = new VirtualTime();
  readonly random: Random;
  readonly pubSub: PubSub;
  readonly registry: Registry;
  readonly clients = new SimProcess('msg_servers');
  /** All members so far. */
  readonly members: Member[] = [];
  /** Members that are not meant to serve: they must not disturb the others. */
  readonly bad = new Set<Member>();
  readonly servers: MsgServer[] = [];
  readonly links = new Map<number, LinkRecord>();
  readonly delays = new Troubles();
  readonly doubts = new Troubles();
  readonly outages = new Map<Member, Troubles>();
  readonly judge: Judge;
  readonly timeoutMs = TIMEOUT_MS;
  readonly heartbeatMs: number;
  /** Periods in which a node stood still. */
  pdus = 0;
  digest = 0;
  #linkNo = 0;
  #memberNo = 0;
  readonly #linkById = new Map<string, LinkRecord>();

  constructor(schedule: Schedule) {
    this.schedule = schedule;
    this.random = new Random(schedule.seed ^ 0x51ab);
    this.heartbeatMs = Math.min(HEARTBEAT_MS, schedule.timeoutMs / 4);
    this.pubSub = new PubSub(this.time, this.random.fork());
    this.registry = new Registry(this.pubSub);
    this.judge = new Judge({
      schedule,
      now: () => this.time.now,
      ...{ links: this.links, delays: this.delays, doubts: this.doubts, outages: this.outages },
    });
    this.pubSub.onPublish = (from, frame) => {
      this.note(frame.length);
      const member = this.members.find(({ id }) => id === from);
      // A forged frame may claim that all nodes have gone: then nothing is waited for.
      const isForged = this.time.now < this.judge.forgedUntil;
      if (member !== undefined && !isForged) judgeFrame(member, frame);
    };
  }

  /** Running members that are meant to serve. */
  get good(): readonly Member[] {
    return this.members.filter((member) => member.exists && !this.bad.has(member));
  }

  /** Running members. */
  get existing(): readonly Member[] {
    return this.members.filter(({ exists }) => exists);
  }

  addMember(options: { readonly bad?: boolean; readonly plan?: Partial<MemberPlan> } = {}): Member {
    const { schedule } = this;
    const no = this.#memberNo++;
    const maxFrameBytes = schedule.frameBytes[no % schedule.frameBytes.length] ?? 32 * 1024;
    // Settings may differ between nodes: every other one has a smaller window.
    const windowBytes =
      no % 2 === 1
        ? schedule.windowBytes
        : Math.max(leastWindowBytes(schedule), schedule.windowBytes / 4);
    const member = new Member({
      id: `n${no}`,
      plan: {
        delivery: schedule.mode,
        leaseMs: schedule.leaseMs,
        limits: { maxFrameBytes, windowBytes, retentionMs: schedule.heldMs },
        settings: {
          ROUTE_HEARTBEAT_SECONDS: HEARTBEAT_MS / 1000,
          ROUTE_LINK_TIMEOUT_SECONDS: schedule.timeoutMs / 1000,
          ROUTE_BUS_RETENTION_SECONDS: schedule.heldMs / 1000,
          ROUTE_LINK_HIGH_WATER_MARK_BYTES: schedule.markBytes,
          ROUTE_LINK_QUEUE_MAX_BYTES: schedule.markBytes * 4,
          ROUTE_LINK_DRAIN_TIMEOUT_SECONDS: 3,
          ROUTE_DELIVERY_RETENTION_BYTES: 1024 * 1024,
        },
        ...options.plan,
      },
      time: this.time,
      pubSub: this.pubSub,
      registry: this.registry,
      latencyMs: schedule.latencyMs,
      log: (from, line) => this.#logged(from, line),
    });
    if (options.bad === true) this.bad.add(member);
    this.members.push(member);
    return member;
  }

  addServer(): MsgServer {
    const server = new MsgServer(this.servers.length, this.random.fork(), this);
    this.servers.push(server);
    return server;
  }

  /** Ends the process of a node. Its kernel, or a load balancer, informs the msg_servers. */
  kill(member: Member): void {
    if (!member.exists) return;
    member.kill();
    for (const link of this.links.values()) {
      if (link.member === member) link.connection.nodeDied();
    }
  }

  outagesOf(member: Member): Troubles {
    return troublesOf(this.outages, member);
  }

  /** Adds a fact to the digest of the run. */
  note(fact: number): void {
    this.digest =
      (Math.imul(this.digest ^ fact, 0x0100_0193) ^ Math.floor(this.time.now * 1000)) >>> 0;
  }

  balance(server: MsgServer): Member | undefined {
    const ready = this.good.filter((member) => member.ready);
    if (ready.length > 0 && !server.random.chance(0.02)) return server.random.pick(ready);
    return server.random.pickIfAny(this.good.filter((member) => member.listening));
  }

  network(): LinkNetwork {
    const { latencyMs, kernelBytes } = this.schedule;
    return {
      latencyMs: latencyMs / 2,
      capacityBytes: kernelBytes,
      pieceBytes: this.random.pick([64 * 1024, 1000, 65_536]),
    };
  }

  nextLinkNo(): number {
    return ++this.#linkNo;
  }

  opened(link: LinkRecord): void {
    this.links.set(link.no, link);
    this.note(link.no);
    link.connection.socket.onDestroy = () => {
      // A closing link over its limit is cut, and logged with the reason for which it was closing.
      if (link.parting !== undefined && isOverLimit(link)) link.closeReason = 'unsent-over-limit';
    };
  }

  closed(link: LinkRecord): void {
    this.note(link.no + 1000);
    this.judge.parted(link);
  }

  arrived(link: LinkRecord, from: number, seq: number, pdu: Buffer): Sent {
    this.note(from * 65_536 + seq + link.no * 7);
    return this.judge.arrived(link, from, seq, pdu);
  }

  told(link: LinkRecord, pdu: Buffer): void {
    const command = pdu.readUInt16BE(10);
    if (command === COMMANDS.users_status_response.commandId) link.answered(pdu);
    else if (command === COMMANDS.status_notify.commandId) link.notified(pdu, this.time.now);
    else if (
      command !== COMMANDS.heartbeat.commandId &&
      command !== COMMANDS.login_status_notify.commandId
    ) {
      if (this.time.now < this.judge.forgedUntil) return;
      throw new Violation(
        'invented',
        `link ${link.no} was sent command ${command}, which nobody has sent`,
      );
    }
  }

  /** Whether a user has a PC client on any open link, as the msg_servers have reported. */
  online(userId: number): boolean {
    return this.servers.some(({ clients, link }) => {
      const type = clients.get(userId);
      return link !== undefined && (type === CLIENT_TYPE.windows || type === CLIENT_TYPE.mac);
    });
  }

  #logged(member: Member, { event, link, peer, reason }: LogLine): void {
    if (event === 'link-opened' && link !== undefined) {
      // A link's number is the port of its msg_server.
      const record = this.links.get(Number(peer?.split(':').at(-1)));
      if (record === undefined) return;
      record.id = link;
      this.#linkById.set(link, record);
    } else if (event === 'link-closed' && link !== undefined) {
      const record = this.#linkById.get(link);
      if (record === undefined || record.member !== member) return;
      this.#judgeClose(record, reason);
      record.closedAt ??= this.time.now;
      // The node may cut a link that its msg_server closed in order before it has read to the end.
      if (record.closeReason === 'close' && reason !== 'peer-closed') record.closeReason = reason;
      record.closeReason ??= reason;
      for (const hold of record.holds) hold.droppedAt ??= this.time.now;
    }
  }

  /** Checks that a node does not close a link for a reason, or at a moment, that is not allowed. */
  #judgeClose({ id, closedAt, connection }: LinkRecord, reason: string | undefined): void {
    if (reason === 'unsent-over-limit' && !this.time.isInTicks) {
      throw new Violation('reentered', `${id} was closed inside the call that sent to it`);
    }
    if (reason !== 'timed-out' || closedAt !== undefined || connection.toNode.silent) return;
    throw new Violation('timed-out', `${id} was closed as silent, and its msg_server was not`);
  }
}

function troublesOf(all: Map<Member, Troubles>, member: Member): Troubles {
  const known = all.get(member);
  if (known !== undefined) return known;
  const made = new Troubles();
  all.set(member, made);
  return made;
}

function isOverLimit({ id, member }: LinkRecord): boolean {
  const { ROUTE_LINK_QUEUE_MAX_BYTES: limit = 0 } = member.plan.settings;
  for (const link of member.core?.links.all() ?? []) {
    if (link.id === id) return link.unsentBytes > limit;
  }
  return false;
}
