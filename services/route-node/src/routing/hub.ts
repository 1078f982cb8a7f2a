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
  /** Time in ms within which a stale notification may still arrive after a later one. */
  readonly staleMs: number;
  /** Creates the strategy that selects the receivers of relayed PDUs. */
  delivery(receivers: ReadonlySet<Receiver>): Delivery;
}

/** The part of presence that announcements and corrections need. */
type NotifiedPresence = Pick<Presence, 'announced' | 'confirm' | 'isGraceOver' | 'versionSeen'>;

/** The user status that a notification announces; undefined for login notifications. */
const SAID: Readonly<Record<NotificationKind, Announced | undefined>> = {
  'login-off': undefined,
  'login-on': undefined,
  online: 'there',
  leave: 'there',
  offline: 'gone',
  'grace-over': 'grace-over',
};

/**
 * Passes PDUs of links and notifications of this node to its own links at once, and to all other
 * nodes over the bus. The notifications of one turn of the loop are joined, and flushed at its end
 * or before anything that must follow them.
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
      this.#bus.send(MESSAGE_TYPES.notification, notices);
    });
    this.#watch = watch;
  }

  /** Number of links that currently receive. */
  get receivers(): number {
    return this.#receivers.size;
  }

  /** Starts or stops sending to a link. */
  setReceiving(receiver: Receiver, receiving: boolean): void {
    this.flush();
    if (receiving === this.#receivers.has(receiver)) return;
    if (receiving) this.#receivers.add(receiver);
    else this.#receivers.delete(receiver);
    this.#delivery.setReceiving(receiver, receiving);
  }

  /** Relays a batch of a link unchanged; the bytes are not copied. */
  relay(from: Receiver, handling: RelayHandling, bytes: Buffer): void {
    this.#flushNotifications();
    this.#delivery.relay(from, handling, bytes);
  }

  /** Registers an open link, which may receive later. */
  opened(link: Receiver): void {
    this.#delivery.opened(link);
  }

  /** Marks whether a link's snapshot is being imported. */
  setImporting(link: Receiver, lists: boolean): void {
    this.flush();
    this.#delivery.setImporting(link, lists);
  }

  /** Unregisters a link that has no users any more. */
  closed(link: LinkId): void {
    this.#delivery.closed(link);
  }

  /** Announces the result of a status update to every link. */
  announce(update: ClientStatus, state: UserState, version: number): void {
    this.#noteMobile(update.userId, state, version);
    for (const notice of notificationsOf(update, state, version))
      this.#announceNotification(notice);
  }

  /**
   * Announces the result of a status update that was queued while Redis was away. Leaves out the
   * OFFLINE of a client whose user was announced offline while the link still had it, because this
   * node was taken for dead and the grace ended.
   */
  announceLate({ update, state, version, hadClient }: LateCommit): void {
    const isKnown = hadClient && this.#presence.isGraceOver(update.userId);
    this.#noteMobile(update.userId, state, version);
    for (const notice of notificationsOf(update, state, version)) {
      if (!(isKnown && notice.kind === 'offline')) this.#announceNotification(notice);
    }
  }

  /**
   * Announces the OFFLINE of a user at the end of the offline grace, unless that was announced
   * last, by another node or before Redis was rolled back.
   */
  announceLost(userId: number, state: UserState, version: number): void {
    if (this.#presence.isGraceOver(userId)) return;
    this.#counters.lostTold++;
    this.#noteMobile(userId, state, version);
    // Which PC client the user had is unknown, and the notification does not carry it.
    const update = { userId, status: USER_STATUS.offline, clientType: CLIENT_TYPE.windows };
    for (const { kind } of notificationsOf(update, state, version)) {
      this.#announceNotification({
        kind: kind === 'offline' ? 'grace-over' : kind,
        userId,
        version,
      });
    }
  }

  /**
   * Flushes everything that is buffered. Must be called before anything is sent to a link another
   * way.
   */
  flush(): void {
    this.#flushNotifications();
    this.#delivery.flush();
  }

  /**
   * Corrects an OFFLINE of version `toldVersion` to every link: the user still, or again, has a PC
   * client. Does nothing if a later status was announced.
   */
  withdrawOffline(update: ClientStatus, toldVersion: number, version: number): void {
    if (this.#latest.statusVersion(update.userId) > toldVersion) return;
    this.#counters.notificationsCorrected++;
    this.announce(update, 'pc', version);
  }

  /** Handles a bus message of another node; drops and counts those that no node can have sent. */
  entry(
    kind: number,
    bytes: Buffer,
    from: { readonly node: string; readonly frame: number },
  ): void {
    if (!isValidMessage(kind, bytes)) this.#counters.busEntriesInvalid++;
    else if (kind === MESSAGE_TYPES.notification) {
      for (const notice of readNotifications(bytes)) {
        if (this.#presence.versionSeen(notice.version)) this.#deliver(notice);
        else this.#counters.busEntriesInvalid++;
      }
    } else {
      this.#flushNotifications();
      this.#delivery.entry(kind, bytes, from);
    }
  }

  /** Observes the interest of this node's links. */
  get interestObserver(): InterestObserver | undefined {
    return this.#delivery.interestObserver;
  }

  /** Adds another node that has become known. */
  nodeKnown(node: string): void {
    this.#delivery.nodeKnown(node);
  }

  /** Removes a node that is gone. */
  nodeGone(node: string): void {
    this.#delivery.nodeGone(node);
  }

  /** Records that some frames of a node are missing for good. */
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
      // Runs after everything that one read has brought, and before links are written to.
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
    // A stale notification need not go to the other nodes: they have the later one.
    if (!this.#deliver(notice)) return;
    if (this.#watch.isOn) this.#showNotification(notice);
    this.#toBus.append(notice);
  }

  #showNotification(notice: Notification): void {
    const pdu = Buffer.alloc(NOTIFY_BYTES);
    this.#watch.pass(undefined, pdu.subarray(0, writeNotificationPdu(pdu, 0, notice)));
  }

  /**
   * Corrects a notification about a client that a link of this node still has. Redis may have lost
   * that client (it was emptied, or this node was cut off and reaped) when the user's other client
   * disconnected, so that the user was announced offline, or without a mobile client. Does nothing
   * if something later has been announced by then.
   */
  #correctStatus({ userId, version }: Notification): void {
    // The login notification of the same commit arrives first and shows that a mobile client is
    // known.
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

  /** Announces a mobile client that was missing when the user's last PC client disconnected. */
  #correctLogin(userId: number, toldVersion: number, { version }: { version: number }): void {
    if (this.#latest.loginVersion(userId) > toldVersion) return;
    if (this.#latest.statusVersion(userId) > toldVersion) return;
    this.#counters.notificationsCorrected++;
    this.#announceNotification({ kind: 'login-off', userId, version });
  }
}
