import type { Cluster } from './cluster.ts';
import { Violation } from './troubles.ts';
import type { Member } from './world/member.ts';

/** Besides its messages a frame names nodes, and an ack up to 32 ranges. */
const ACK_BYTES = 1024;

/** What is read before a pause takes effect, and the largest PDU, exceed a link's limit. */
const LINK_SLACK_BYTES = 256 * 1024;

/** A node in a healthy cluster reads its links again within this time. */
const HELD_MS = 2500;

/** Within this time after a node's last frame, every other node has forgotten it. */
const LEAVE_MS = 1000;

/**
 * Checks that a node publishes no larger frame than its limit, and has no more bytes in flight.
 * @throws Violation
 */
export function judgeFrame(member: Member, frame: Buffer): void {
  const { id, plan, engine } = member;
  const { maxFrameBytes = 0, windowBytes = 0 } = plan.limits;
  if (frame.length > Math.max(maxFrameBytes, ACK_BYTES)) {
    throw new Violation(
      'frame-size',
      `${id} publishes ${frame.length} bytes, set to ${maxFrameBytes}`,
    );
  }
  const under = engine?.bus.counters.windowBytes ?? 0;
  if (under > windowBytes + maxFrameBytes + ACK_BYTES && member.drainedAt === undefined) {
    throw new Violation(
      'window-bytes',
      `${id} has ${under} bytes under way, set to ${windowBytes}`,
    );
  }
}

/**
 * Invariants at every moment: bounded memory, nodes that read, drains that end, nodes that are
 * forgotten.
 */
export class Bounds {
  readonly #cluster: Cluster;
  readonly #heldSince = new Map<Member, number>();

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
  }

  /** @throws Violation */
  judge(): void {
    for (const member of this.#cluster.existing) {
      if (member.core === undefined || member.engine === undefined) continue;
      this.#judgeMemory(member);
      this.#judgeReading(member);
      this.#judgeDrain(member);
    }
    for (const member of this.#cluster.members) this.#judgeLeft(member);
  }

  #judgeMemory({ id, core, plan }: Member): void {
    const { ROUTE_LINK_QUEUE_MAX_BYTES: limit = 0 } = plan.settings;
    for (const link of core?.links.all() ?? []) {
      if (link.unsentBytes > limit + LINK_SLACK_BYTES) {
        throw new Violation('memory', `${link.id} has ${link.unsentBytes} unsent bytes`);
      }
    }
    const kept = core?.counters.retainedBytes ?? 0;
    const { ROUTE_DELIVERY_RETENTION_BYTES: mostKept = 0 } = plan.settings;
    if (kept > mostKept + LINK_SLACK_BYTES) {
      throw new Violation('memory', `${id} keeps ${kept} bytes of what was directed`);
    }
  }

  /** A node does not read while its window is full, and soon reads again in a healthy cluster. */
  #judgeReading(member: Member): void {
    const { id, core, engine, process, drainedAt } = member;
    const { time, delays, schedule } = this.#cluster;
    const isReading = core?.links.reading !== false;
    if (engine?.bus.full === true && isReading && drainedAt === undefined) {
      throw new Violation('full', `${id} reads its links while its window is full`);
    }
    if (isReading || process.frozen) {
      this.#heldSince.delete(member);
      return;
    }
    const since = this.#heldSince.get(member) ?? time.now;
    this.#heldSince.set(member, since);
    if (time.now - since < HELD_MS || this.#cluster.bad.has(member)) return;
    if (!delays.isCalm(since - schedule.leaseMs - 5000, time.now)) return;
    throw new Violation('held', `${id} has not read its links since ${Math.round(since)} ms`);
  }

  #judgeDrain(member: Member): void {
    const { drainedAt, process } = member;
    if (drainedAt === undefined || process.frozen) return;
    const { time, schedule } = this.#cluster;
    const took = time.now - drainedAt;
    const outage = this.#cluster.outagesOf(member).within(drainedAt, time.now);
    const most = 3000 + 2000 + schedule.heldMs + 5000 + outage;
    if (took <= most) return;
    const text = `${member.id} has not ended ${Math.round(took)} ms after it was told to`;
    throw new Violation('drain', text);
  }

  /** A node that has sent a leave is no longer known. */
  #judgeLeft({ id, endedAt, drainedAt }: Member): void {
    if (endedAt === undefined || drainedAt === undefined) return;
    const { time, good, outages, judge } = this.#cluster;
    const { now } = time;
    if (now < endedAt + LEAVE_MS || now > endedAt + 2 * LEAVE_MS || judge.forgedUntil > 0) return;
    const from = drainedAt - 5000;
    for (const troubles of outages.values()) if (!troubles.isCalm(from, now)) return;
    for (const { id: other, engine, startedAt } of good) {
      // A node that joined meanwhile may have read its lease only.
      if (startedAt > from) continue;
      if (engine?.bus.peers.some(({ node }) => node === id) !== true) continue;
      throw new Violation(
        'left',
        `${other} still knows ${id}, which left at ${Math.round(endedAt)} ms`,
      );
    }
  }
}
