import type { Bus } from '@route/bus';
import type {
  Announced,
  InterestObserver,
  LateCommit,
  LinkId,
  Presence,
  UpdateOutcome,
  UserState,
} from '@route/presence';
import {
  CLIENT_TYPE,
  type ClientStatus,
  isPc,
  NOTIFY_BYTES,
  type RelayHandling,
  USER_STATUS,
} from '@route/protocol';
import type { Counters } from '../observability/counters.ts';
import type { PduMonitor } from '../observability/pdu-monitor.ts';
import {
  isValidMessage,
  MESSAGE_TYPES,
  NOTIFICATION_BYTES,
  readNotifications,
  writeNotification,
} from './bus-messages.ts';
import { CoalescingBuffer } from './coalescing-buffer.ts';
import type { Delivery, Receiver } from './delivery.ts';
import {
  LatestNotifications,
  type Notification,
  type NotificationKind,
  notificationsOf,
  writeNotificationPdu,
} from './notifications.ts';

export interface HubOptions {
  readonly bus: Pick<Bus, 'send'>;
  readonly presence: NotifiedPresence;
  readonly counters: Counters;
  readonly watch: PduMonitor;
  /** For how long a notification may still come that was overtaken by a later one, in ms. */
  readonly staleMs: number;
  /** Makes what decides who gets relayed PDUs. */
  delivery(receivers: ReadonlySet<Receiver>): Delivery;
}

/** What notifications are told of, and may have to be corrected by. */
type NotifiedPresence = Pick<Presence, 'announced' | 'confirm' | 'isGraceOver' | 'versionSeen'>;

/** What notifications say of a user's status; undefined for those of the login status. */
const SAID: Readonly<Record<NotificationKind, Announced | undefined>> = {
  'login-off': undefined,
  'login-on': undefined,
  online: 'there',
  leave: 'there',
  offline: 'gone',
  'grace-over': 'grace-over',
};

/**
 * Passes on what links send and what the node has to tell: to this node's links at once, to all
 * others over the bus. The notices of one turn of the loop are joined, and handed over when it ends or
 * anything else is to follow them.
 */
export class Hub {
  readonly #receivers = new Set<Receiver>();
  readonly #latest: LatestNotifications;
  readonly #bus: Pick<Bus, 'send'>;
  readonly #presence: NotifiedPresence;
  readonly #counters: Counters;
  readonly #toLinks: CoalescingBuffer<Notification>;
  readonly #toBus: CoalescingBuffer<Notification>;
  readonly #tell = (): void => this.#flushNotifications();
  #gathered = false;
  readonly #watch: PduMonitor;
  readonly #delivery: Delivery;

  constructor({ bus, presence, counters, watch, staleMs, delivery }: HubOptions) {
    this.#delivery = delivery(this.#receivers);
    this.#latest = new LatestNotifications(staleMs, () => performance.now());
    this.#bus = bus;
    this.#presence = presence;
    this.#counters = counters;
    this.#toLinks = new CoalescingBuffer(writeNotificationPdu, NOTIFY_BYTES, (pdus) => {
      for (const receiver of this.#receivers) receiver.send(pdus);
    });
    this.#toBus = new CoalescingBuffer(writeNotification, NOTIFICATION_BYTES, (notices) => {
      this.#bus.send(MESSAGE_TYPES.notice, notices);
    });
    this.#watch = watch;
  }

  /** Links that receive now. */
  get receivers(): number {
    return this.#receivers.size;
  }

  /** From now on a link receives, or does no longer. */
  setReceiving(receiver: Receiver, receiving: boolean): void {
    this.flush();
    if (receiving === this.#receivers.has(receiver)) return;
    if (receiving) this.#receivers.add(receiver);
    else this.#receivers.delete(receiver);
    this.#delivery.setReceiving(receiver, receiving);
  }

  /** Relays a run of a link's PDUs as they are; the bytes are not copied. */
  relay(from: Receiver, handling: RelayHandling, bytes: Buffer): void {
    this.#flushNotifications();
    this.#delivery.relay(from, handling, bytes);
  }

  /** A link has opened, which may come to receive. */
  opened(link: Receiver): void {
    this.#delivery.opened(link);
  }

  /** A link's list of users is being taken in bit by bit, or no longer. */
  setImporting(link: Receiver, lists: boolean): void {
    this.flush();
    this.#delivery.setImporting(link, lists);
  }

  /** A link holds nobody any more. */
  closed(link: LinkId): void {
    this.#delivery.closed(link);
  }

  /** Tells every link what a status update has come to. */
  announce(update: ClientStatus, state: UserState, version: number): void {
    this.#noteMobile(update.userId, state, version);
    for (const notice of notificationsOf(update, state, version))
      this.#announceNotification(notice);
  }

  /**
   * Tells every link what a status update has come to that was kept while Redis was away. An OFFLINE is left out where
   * the user was announced offline meanwhile, because the node was taken for dead and the grace is over.
   */
  announceLate({ update, state, version, since }: LateCommit): void {
    const isKnown = this.#presence.isGraceOver(update.userId, since);
    this.#noteMobile(update.userId, state, version);
    for (const notice of notificationsOf(update, state, version)) {
      if (!(isKnown && notice.kind === 'offline')) this.#announceNotification(notice);
    }
  }

  /**
   * A user whose link ended did not come back in time: announces it as an OFFLINE, unless that was announced last, by
   * another node or before Redis was rolled back.
   */
  announceLost(userId: number, state: UserState, version: number): void {
    if (this.#presence.isGraceOver(userId, 0)) return;
    this.#counters.lostTold++;
    this.#noteMobile(userId, state, version);
    // With which PC client the user was there is not known, and not told either.
    const update = { userId, status: USER_STATUS.offline, clientType: CLIENT_TYPE.windows };
    for (const { kind } of notificationsOf(update, state, version)) {
      this.#announceNotification({
        kind: kind === 'offline' ? 'grace-over' : kind,
        userId,
        version,
      });
    }
  }

  /** Hands over all that has gathered; whoever sends to a link by another way calls it before. */
  flush(): void {
    this.#flushNotifications();
    this.#delivery.flush();
  }

  /**
   * Tells every link that a user has a PC client all the same, or again, who was told to be offline as of
   * `toldVersion`; unless something later has been told.
   */
  withdrawOffline(update: ClientStatus, toldVersion: number, version: number): void {
    if (this.#latest.statusVersion(update.userId) > toldVersion) return;
    this.#counters.notificationsCorrected++;
    this.announce(update, 'pc', version);
  }

  /** Takes in what another node sent; drops and counts what no node can have sent. */
  entry(
    kind: number,
    bytes: Buffer,
    from: { readonly node: string; readonly frame: number },
  ): void {
    if (!isValidMessage(kind, bytes)) this.#counters.busEntriesInvalid++;
    else if (kind === MESSAGE_TYPES.notice) {
      for (const notice of readNotifications(bytes)) {
        if (this.#presence.versionSeen(notice.version)) this.#deliver(notice);
        else this.#counters.busEntriesInvalid++;
      }
    } else {
      this.#flushNotifications();
      this.#delivery.entry(kind, bytes, from);
    }
  }

  /** Hears whom this node's links hold. */
  get interestObserver(): InterestObserver | undefined {
    return this.#delivery.interestObserver;
  }

  /** Another node has become known. */
  nodeKnown(node: string): void {
    this.#delivery.nodeKnown(node);
  }

  /** A node is gone. */
  nodeGone(node: string): void {
    this.#delivery.nodeGone(node);
  }

  /** Some of what a node had sent will never come. */
  nodeMissed(node: string): void {
    this.#delivery.nodeMissed(node);
  }

  #flushNotifications(): void {
    if (!this.#gathered) return;
    this.#gathered = false;
    this.#toLinks.flush();
    this.#toBus.flush();
  }

  #deliver(notice: Notification): boolean {
    if (!this.#latest.accept(notice)) {
      this.#counters.notificationsStale++;
      return false;
    }
    this.#counters.notifications++;
    this.#toLinks.append(notice);
    if (!this.#gathered) {
      this.#gathered = true;
      this.#delivery.flush();
      // Comes when all that one read has brought is done with, and before the links are written to.
      process.nextTick(this.#tell);
    }
    const said = SAID[notice.kind];
    if (said === undefined) return true;
    this.#presence.announced(notice.userId, said, notice.version);
    if (said !== 'there') this.#correctStatus(notice);
    return true;
  }

  #noteMobile(userId: number, state: UserState, version: number): void {
    if (state === 'mobile-only') this.#latest.noteMobile(userId, version);
  }

  #announceNotification(notice: Notification): void {
    // One that is already overtaken need not go to the other nodes either: they have the later one.
    if (!this.#deliver(notice)) return;
    if (this.#watch.isOn) this.#showNotification(notice);
    this.#toBus.append(notice);
  }

  #showNotification(notice: Notification): void {
    const pdu = Buffer.alloc(NOTIFY_BYTES);
    this.#watch.pass(undefined, pdu.subarray(0, writeNotificationPdu(pdu, 0, notice)));
  }

  /**
   * Redis may have lost sight of a client that a link here holds (it was emptied, or this node cut off and reaped)
   * when the user's other client went: the user was announced offline, or without a mobile client. The node that
   * holds the client corrects it, unless something later has been announced by then.
   */
  #correctStatus({ userId, version }: Notification): void {
    // The login notification of the same commit, which comes before, says that a mobile client is known.
    const isMobileUnknown = this.#latest.loginVersion(userId) < version;
    const isMobileOlder = this.#latest.mobileVersion(userId) < version;
    const waiter = {
      updated: (update: ClientStatus, outcome: UpdateOutcome): void => {
        if (outcome.kind !== 'committed') return;
        if (isPc(update.clientType)) this.withdrawOffline(update, version, outcome.version);
        else if (outcome.state === 'mobile-only') this.#correctLogin(userId, version, outcome);
      },
    };
    this.#presence.confirm(userId, waiter, isMobileUnknown && isMobileOlder ? 'any' : 'pc');
  }

  /** The last PC client of a user went, and a mobile client is still there, which was not announced. */
  #correctLogin(userId: number, toldVersion: number, { version }: { version: number }): void {
    if (this.#latest.loginVersion(userId) > toldVersion) return;
    if (this.#latest.statusVersion(userId) > toldVersion) return;
    this.#counters.notificationsCorrected++;
    this.#announceNotification({ kind: 'login-off', userId, version });
  }
}
