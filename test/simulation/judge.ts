import { CLOSE_REASONS, isReadToTheEnd } from '@route/route-node/src/link/close-reasons.ts';
import type { Schedule } from './schedule.ts';
import { type Troubles, Violation } from './troubles.ts';
import type { Hold, LinkRecord, Sent } from './world/link-record.ts';
import type { Member } from './world/member.ts';

export interface JudgeOptions {
  readonly schedule: Schedule;
  readonly now: () => number;
  readonly links: ReadonlyMap<number, LinkRecord>;
  /** Faults that slow or stop healthy nodes. */
  readonly delays: Troubles;
  /** Faults after which nodes may not know where users are. */
  readonly doubts: Troubles;
  /** Faults of one member, which can neither send nor receive. */
  readonly outages: ReadonlyMap<Member, Troubles>;
}

const FORGED: Sent = {
  pdu: Buffer.alloc(0),
  aim: 'all',
  users: [],
  isKick: false,
  readAt: undefined,
};

/**
 * An outage lasts this much longer for a node: it has to notice, and a first attempt to connect may
 * time out.
 */
const RECONNECT_MS = 4500;

/** Time within which a PDU arrives in a healthy cluster. */
const PROMPT_MS = 1500;

/** A PDU that reaches a newly opened link later than this is a replay. */
const REPLAY_MS = 150;

/**
 * A node that gets the msg_server's new link sooner than this may not know that the old link is
 * gone.
 */
const MOVED_MS = 1000;

/** Ends of a link at which what waits to be sent to it is discarded. */
const ABRUPT_ENDS: ReadonlySet<string | undefined> = new Set([
  ...['reset', 'vanish', 'unsent-over-limit'],
]);

/** Checks every delivery, and at the end whether any is missing. */
export class Judge {
  deliveries = 0;
  readonly #options: JudgeOptions;
  readonly #settleMs: number;
  /** Until then forged frames may cause any delivery of whole PDUs. */
  #forgedUntil = 0;

  constructor(options: JudgeOptions) {
    this.#options = options;
    this.#settleMs = options.schedule.leaseMs + 5000;
  }

  /** Records forged frames: until then their content may arrive, or replace real content. */
  forged(until: number): void {
    this.#forgedUntil = Math.max(this.#forgedUntil, until);
  }

  /** Until when the damage of forged frames may last. */
  get forgedUntil(): number {
    return this.#forgedUntil;
  }

  /** Checks a relayed PDU that arrived on a link. */
  arrived(to: LinkRecord, from: number, seq: number, pdu: Buffer): Sent {
    const sender = this.#options.links.get(from);
    const sent = sender?.sent[seq];
    if (this.#options.now() < this.#forgedUntil) {
      if (sent !== undefined) seen(to.got, from).add(seq);
      return sent ?? FORGED;
    }
    if (sender === undefined || sent === undefined) {
      throw new Violation(
        'invented',
        `link ${to.no} got PDU ${seq} of link ${from}, which no link has sent`,
      );
    }
    this.deliveries++;
    const what = `PDU ${seq} (${sent.aim} ${sent.users}) of link ${from} on ${sender.member.id}`;
    const where = `link ${to.no} on ${to.member.id}`;
    if (!sent.pdu.equals(pdu)) throw new Violation('changed', `${where} got ${what}, changed`);
    if (sender === to && sent.aim !== 'all') {
      throw new Violation('own', `${where} got back its own ${what}`);
    }
    const got = seen(to.got, from);
    if (got.has(seq)) {
      // Frames in flight at a forgery may have been acknowledged in the name of another node, or
      // not.
      if ((sent.readAt ?? 0) < this.#forgedUntil) return sent;
      throw new Violation('doubled', `${where} got ${what} twice`);
    }
    got.add(seq);
    const last = to.last.get(from) ?? 0;
    if (seq < last) {
      if (!this.#mayBeLate(to, sent)) {
        throw new Violation('reordered', `${where} got ${what} after PDU ${last}`);
      }
    } else {
      to.last.set(from, seq);
    }
    this.#judgePromptness(to, { sent, what, where });
    this.#judgeNotices(to, sender, { seq, what, where });
    this.#judgeReplay(to, sender, { sent, what, where });
    if (sent.aim === 'users' && this.#options.schedule.mode === 'directed') {
      this.#judgeAim(to, sent, `${where} got ${what}`);
    }
    return sent;
  }

  /** The first PDU that is missing on a link; undefined if there is none. */
  missing(): string | undefined {
    for (const sender of this.#options.links.values()) {
      for (let seq = 1; seq < sender.sent.length; seq++) {
        const sent = sender.sent[seq];
        if (sent === undefined || !this.#isPassedOn(sender, sent)) continue;
        const lacks = this.#lacking(sender, sent, seq);
        if (lacks !== undefined) {
          const read = Math.round(sent.readAt ?? 0);
          return `PDU ${seq} (${sent.aim} ${sent.users}) of link ${sender.no} on ${sender.member.id}, read at ${read}, has not come to ${lacks}`;
        }
      }
    }
    return undefined;
  }

  /** A loss that no fault excuses, or that only one side reports. */
  unexcusedLoss(members: readonly Member[]): string | undefined {
    const { schedule } = this.#options;
    if (this.#forgedUntil > 0) return undefined;
    for (const member of members) {
      for (const loss of member.losses) {
        // Before it accepts links it can lose none of their PDUs.
        if (loss.reason === 'skipped' && (member.listeningAt ?? loss.atMs) >= loss.atMs) continue;
        const other = members.find(({ id }) => id === loss.sender);
        const parties = other === undefined || other === member ? members : [member, other];
        const longMs = Math.max(1, schedule.heldMs * 0.8 - RECONNECT_MS);
        const from = loss.atMs - schedule.heldMs - 20_000;
        // A node that was cut off while the other started was unknown to it: nothing was retained
        // for it.
        const outage = this.#options.outages.get(member);
        const startedAt = other?.startedAt ?? 0;
        const wasCalm = outage?.isCalm(startedAt - RECONNECT_MS, startedAt + 1000) ?? true;
        if (loss.reason === 'skipped' && !wasCalm) continue;
        const isExcused = parties.some((one) => {
          if (one.diedAt !== undefined || this.#wasOutAsItDrained(one, parties)) return true;
          // PDUs retained for a node that has just joined count, whether it lacks them or not.
          const { drainedAt = 0, endedAt = 0 } = one;
          if (members.some(({ startedAt }) => startedAt > drainedAt - 1000 && startedAt < endedAt))
            return true;
          return (this.#options.outages.get(one)?.within(from, loss.atMs) ?? 0) >= longMs;
        });
        if (!isExcused) {
          return `${member.id} tells of ${loss.frames} frames of ${loss.sender} ${loss.reason} at ${Math.round(loss.atMs)}`;
        }
      }
    }
    return undefined;
  }

  /**
   * Checks the end of a link that its msg_server broke: answers to everything before the break have
   * arrived.
   */
  parted(link: LinkRecord): void {
    const { parting, closeReason } = link;
    if (parting === undefined || ABRUPT_ENDS.has(closeReason)) return;
    const { delays, now } = this.#options;
    const { at, userId, echo } = parting;
    if (!delays.isCalm(at - this.#settleMs, now()) || at < this.#forgedUntil) return;
    const isTold = userId === undefined || (link.notifiedAt.get(userId) ?? 0) >= at;
    const hasEcho = link.got.get(link.no)?.has(echo) === true;
    if (isTold && hasEcho) return;
    const lacks = isTold ? `PDU ${echo}, which comes back,` : `the notification of user ${userId}`;
    throw new Violation('parting', `link ${link.no} ended before ${lacks} had come`);
  }

  /**
   * Checks that a closing node waits for the others as long as it should, and reports what they
   * lack.
   */
  closed({ id, engine, losses, drainedAt }: Member, good: readonly Member[]): void {
    const flushed = engine?.flushed;
    if (flushed === undefined || drainedAt === undefined || this.#forgedUntil > 0) return;
    const isGood = (node: string): boolean => good.some((member) => member.id === node);
    const behind = flushed.behind.filter(isGood);
    const liveBehind = flushed.liveBehind.filter(isGood);
    if (this.#options.schedule.mode === 'directed' || behind.length === 0) return;
    const { ms, mostMs } = flushed;
    const from = drainedAt - this.#options.schedule.heldMs;
    const givenUp = losses.filter(({ reason, atMs }) => reason === 'dropped' && atMs >= from);
    if (ms < mostMs - 1 && liveBehind.length > 0 && givenUp.some(({ isLast }) => isLast)) {
      const text = `${id} gave up what ${liveBehind} lacked after ${Math.round(ms)} ms of ${mostMs}`;
      throw new Violation('drain-short', text);
    }
    if (givenUp.length === 0)
      throw new Violation('untold', `${id} does not tell what ${behind} lack`);
  }

  #lacking(sender: LinkRecord, sent: Sent, seq: number): string | undefined {
    const isDirected = sent.aim === 'users' && this.#options.schedule.mode === 'directed';
    for (const to of this.#options.links.values()) {
      if (to === sender && sent.aim !== 'all') continue;
      if (!this.#mustCome(to, sender, { sent, seq })) continue;
      if (isDirected && !this.#heldLongEnough(to.holds, sent)) continue;
      if (!to.got.get(sender.no)?.has(seq)) return `link ${to.no} on ${to.member.id}`;
    }
    return undefined;
  }

  /** Whether a link had a user of a PDU from before it was read until it must have come. */
  #heldLongEnough(holds: readonly Hold[], sent: Sent): boolean {
    const { readAt } = sent;
    if (readAt === undefined) return false;
    return holds.some(({ userId, from, droppedAt }) => {
      if (!sent.users.includes(userId) || from === undefined || from >= readAt) return false;
      if (droppedAt === undefined) return true;
      const { delays } = this.#options;
      return droppedAt > readAt + PROMPT_MS && delays.isCalm(readAt - this.#settleMs, droppedAt);
    });
  }

  #mustCome(
    to: LinkRecord,
    sender: LinkRecord,
    { sent, seq }: { readonly sent: Sent; readonly seq: number },
  ): boolean {
    const { openedAt, closedAt } = to;
    if (openedAt === undefined || sent.readAt === undefined || openedAt >= sent.readAt)
      return false;
    // On a closed link only PDUs before one that it got are known to be missing.
    if (closedAt !== undefined && (sent.aim === 'users' || seq > (to.last.get(sender.no) ?? 0)))
      return false;
    if (this.#isGivenUp(sender.member, to.member, sent.readAt)) return false;
    // A loss report covers only what was sent before it.
    const { readAt } = sent;
    return !to.member.losses.some(
      ({ sender: lost, reason, atMs }) =>
        lost === sender.member.id && reason === 'skipped' && readAt <= atMs,
    );
  }

  /** Whether the sender's node has read a PDU and must have relayed it. */
  #isPassedOn({ member, closedAt, closeReason }: LinkRecord, { readAt }: Sent): boolean {
    if (readAt === undefined || readAt < this.#forgedUntil) return false;
    const isCut = closeReason !== undefined && !isOrderly(closeReason);
    if (isCut && closedAt !== undefined && readAt >= closedAt - 1) return false;
    const { diedAt } = member;
    if (diedAt === undefined) return true;
    const calm = this.#options.delays.isCalm(readAt - this.#settleMs, diedAt - 1);
    return calm && readAt < diedAt - PROMPT_MS;
  }

  /** A drain that ends within an outage drops what could not be delivered, and reports it. */
  #isGivenUp(sender: Member, to: Member, readAt: number): boolean {
    const { drainedAt, endedAt, losses } = sender;
    if (drainedAt === undefined) return false;
    const until = endedAt ?? this.#options.now();
    const wasOut = (member: Member): boolean =>
      this.#options.outages.get(member)?.isCalm(readAt - this.#settleMs, until) === false;
    return (wasOut(to) || wasOut(sender)) && losses.some(({ reason }) => reason === 'dropped');
  }

  #judgePromptness(
    to: LinkRecord,
    { sent, what, where }: { readonly sent: Sent; readonly what: string; readonly where: string },
  ): void {
    const now = this.#options.now();
    const { readAt } = sent;
    if (readAt === undefined || now - readAt < PROMPT_MS) return;
    if (to.openedAt === undefined || to.openedAt > readAt) return;
    if (!this.#options.delays.isCalm(readAt - this.#settleMs, now)) return;
    const isDirected = sent.aim === 'users' && this.#options.schedule.mode === 'directed';
    if (isDirected && !sent.users.some((user) => holdsThroughout(to.holds, user, sent))) return;
    throw new Violation('late', `${where} got ${what} after ${Math.round(now - readAt)} ms`);
  }

  /**
   * The notification of a status update arrives before PDUs that its link sent behind the update.
   */
  #judgeNotices(
    to: LinkRecord,
    sender: LinkRecord,
    { seq, what, where }: { readonly seq: number; readonly what: string; readonly where: string },
  ): void {
    const update = sender.updates.findLast(({ before }) => before <= seq);
    if (update === undefined || (to.openedAt ?? update.at) >= update.at) return;
    if ((to.notifiedAt.get(update.userId) ?? 0) >= update.at) return;
    if (!this.#isAllCalm(update.at)) return;
    const text = `${where} got ${what} before the notification of user ${update.userId}`;
    throw new Violation('overtaken', text);
  }

  /**
   * A PDU that is replayed to a link because of its sending user must not be one of its own
   * msg_server. That is allowed because of the other recipient, or if the node has not seen that
   * the old link is gone.
   */
  #judgeReplay(
    to: LinkRecord,
    sender: LinkRecord,
    { sent, what, where }: { readonly sent: Sent; readonly what: string; readonly where: string },
  ): void {
    const { readAt } = sent;
    if (to === sender || to.server !== sender.server || readAt === undefined) return;
    const isLate = this.#options.now() - readAt > REPLAY_MS && (to.openedAt ?? 0) > readAt;
    if (sent.aim !== 'users' || !isLate || !this.#isAllCalm(readAt)) return;
    const [, other = sent.users[0]] = sent.users;
    const followsOther = to.holds.some(({ userId }) => userId === other);
    if (followsOther || sender.closeReason === 'vanish') return;
    const movedMs = (to.openedAt ?? 0) - (sender.closedAt ?? 0);
    if (to.member !== sender.member && movedMs < MOVED_MS) return;
    throw new Violation('own', `${where} got late what its msg_server had sent: ${what}`);
  }

  #isAllCalm(from: number): boolean {
    const { delays, doubts, now } = this.#options;
    return [delays, doubts].every((one) => one.isCalm(from - this.#settleMs, now()));
  }

  #wasOutAsItDrained({ drainedAt, endedAt }: Member, parties: readonly Member[]): boolean {
    if (drainedAt === undefined) return false;
    const { outages, now } = this.#options;
    const isOut = (one: Member): boolean =>
      outages.get(one)?.isCalm(drainedAt - this.#settleMs, endedAt ?? now()) === false;
    return parties.some(isOut);
  }

  #mayBeLate(to: LinkRecord, sent: Sent): boolean {
    if (this.#options.schedule.mode === 'broadcast' || sent.aim !== 'users') return false;
    const { readAt } = sent;
    if (readAt === undefined) return true;
    if (!this.#options.doubts.isCalm(readAt - this.#settleMs, this.#options.now())) return true;
    return sent.users.some((user) =>
      to.holds.some(
        (hold) => hold.userId === user && (hold.from ?? readAt) > readAt - this.#settleMs,
      ),
    );
  }

  #judgeAim(to: LinkRecord, sent: Sent, what: string): void {
    const now = this.#options.now();
    const { readAt } = sent;
    if (readAt === undefined || to.openedAt === undefined) return;
    const from = readAt - this.#settleMs;
    if (to.openedAt > from || !this.#options.doubts.isCalm(from, now)) return;
    if (to.server.extras > 0) return;
    const mayGet = sent.users.some((user) =>
      to.holds.some((hold) => hold.userId === user && (hold.droppedAt ?? now) >= from),
    );
    if (!mayGet) throw new Violation('misdelivered', `${what}, and holds neither of them`);
  }
}

/** Whether a link had a user from before a PDU was read until now. */
function holdsThroughout(holds: readonly Hold[], userId: number, { readAt }: Sent): boolean {
  return holds.some(
    (hold) =>
      hold.userId === userId &&
      hold.droppedAt === undefined &&
      hold.from !== undefined &&
      readAt !== undefined &&
      hold.from < readAt,
  );
}

/** Whether PDUs that a link sent before its close were handled. */
function isOrderly(reason: string): boolean {
  if (reason === 'close' || reason === 'peer-closed') return true;
  return isCloseReason(reason) && isReadToTheEnd(reason);
}

function isCloseReason(reason: string): reason is keyof typeof CLOSE_REASONS {
  return reason in CLOSE_REASONS;
}

function seen(got: Map<number, Set<number>>, from: number): Set<number> {
  const known = got.get(from);
  if (known !== undefined) return known;
  const made = new Set<number>();
  got.set(from, made);
  return made;
}
