import type { LinkEnd, LinkId, Presence, UpdateOutcome, UpdateWaiter } from '@route/presence';
import {
  type ClientStatus,
  type ClientTypes,
  COMMAND_INDEX_BY_ID,
  COMMANDS,
  decodeRoleSet,
  decodeUserStatusUpdate,
  decodeUsersStatusRequest,
  ListedClients,
  type PduSink,
  type ReadHandling,
  type RelayHandling,
  type UsersStatusRequest,
  unknownClientTypeOf,
} from '@route/protocol';
import type { Counters } from '../observability/counters.ts';
import type { PduMonitor } from '../observability/pdu-monitor.ts';
import type { Receiver } from '../routing/delivery.ts';
import type { Hub } from '../routing/hub.ts';
import { BlockedPdus } from './blocked-pdus.ts';
import { LinkRole } from './link-role.ts';
import { ASKED_AT_ONCE, LargeQuery, PendingQuery } from './pending-query.ts';
import { type Pending, PendingQueue } from './pending-queue.ts';
import { unpinned } from './pinned-memory.ts';
import { SnapshotImport } from './snapshot-import.ts';
import type { TimeSlicer } from './time-slicer.ts';

/** The handler's own link. */
export interface OwnLink extends Receiver {
  /** Called when some pending PDUs are done. */
  progressed(): void;
}

/** A PDU that was dropped for a reason worth a log line. */
export interface DroppedPdu {
  readonly command: string;
  readonly problem: 'unknown-client-type' | 'too-many-users';
  /** The unknown client type, or the limit of users per query. */
  readonly value: string;
}

/** What a handler needs from its node. */
export interface ProtocolHost {
  readonly presence: Presence;
  readonly hub: Hub;
  readonly counters: Counters;
  readonly watch: PduMonitor;
  readonly timeSlicer: TimeSlicer;
  /** 'all': every link receives and counts; 'master': only a link that was declared master. */
  readonly links: 'all' | 'master';
  /** Client types that updates and snapshots may name. */
  readonly clientTypes: ClientTypes;
  /** Limit of users per query. */
  readonly maxQueryUsers: number;
  dropped(link: LinkId, dropped: DroppedPdu): void;
  /** Called when a link that is not a master reports users while every link counts. */
  warnOfSecondLink(link: LinkId): void;
}

const COMMAND_OF: Readonly<Record<ReadHandling, number>> = {
  'role-set': COMMAND_INDEX_BY_ID[COMMANDS.role_set.commandId] ?? 0,
  snapshot: COMMAND_INDEX_BY_ID[COMMANDS.online_user_info.commandId] ?? 0,
  'status-update': COMMAND_INDEX_BY_ID[COMMANDS.user_status_update.commandId] ?? 0,
  'status-query': COMMAND_INDEX_BY_ID[COMMANDS.users_status_request.commandId] ?? 0,
};

/** A snapshot up to this size is imported at once: some 1,000 users, one millisecond. */
const SMALL_SNAPSHOT_BYTES = 16 * 1024;

/** Handles the PDUs of a link, in order. */
export class ProtocolHandler implements PduSink {
  readonly #link: LinkId;
  readonly #receiver: OwnLink;
  readonly #host: ProtocolHost;
  readonly #turns: PendingQueue;
  readonly #blocked: BlockedPdus;
  readonly #role: LinkRole;
  #ended = false;
  #receivedPdus = 0;

  constructor(link: LinkId, receiver: OwnLink, host: ProtocolHost) {
    this.#link = link;
    this.#receiver = receiver;
    this.#host = host;
    this.#turns = new PendingQueue(() => receiver.progressed());
    this.#blocked = new BlockedPdus(() => receiver.progressed());
    this.#role = new LinkRole((isMaster) => {
      if (host.links === 'all') return;
      host.presence.setStandby(link, !isMaster);
      host.hub.setReceiving(receiver, isMaster);
    });
    const standby = host.links === 'master';
    host.hub.opened(receiver);
    host.presence.openLink(link, { standby });
    host.hub.setReceiving(receiver, !standby);
  }

  /** Whether the msg_server declared this link its master; undefined before any declaration. */
  get master(): boolean | undefined {
    return this.#role.declared;
  }

  /** Whether the link receives, and its reports count. */
  get counts(): boolean {
    return this.#host.links === 'all' || this.#role.isMaster;
  }

  /** PDUs that were relayed or read. */
  get receivedPdus(): number {
    return this.#receivedPdus;
  }

  /** PDUs that wait for presence, or behind such a PDU or a large one. */
  get pendingPdus(): number {
    return this.#turns.length + this.#blocked.length;
  }

  /** Bytes of memory that these PDUs keep. */
  get pendingBytes(): number {
    return this.#turns.bytes + this.#blocked.bytes;
  }

  /** Calls back once everything requested is answered and announced. */
  whenSettled(settled: () => void): void {
    this.#blocked.whenUnblocked(() => this.#turns.whenEmpty(settled));
  }

  /**
   * Closes the link: no further PDU is read. The link counts until the PDUs that it sent before are
   * handled, large ones in steps.
   */
  end(how: LinkEnd): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#blocked.whenUnblocked(() => {
      this.#role.end();
      this.#host.presence.closeLink(this.#link, how);
      this.#host.hub.closed(this.#link);
    });
  }

  run(handling: RelayHandling, bytes: Buffer, pduCount: number): void {
    if (!this.#blocked.isBlocked) this.#relay(handling, bytes, pduCount);
    else {
      const kept = unpinned(bytes);
      const handle = (): void => this.#relay(handling, kept, pduCount);
      this.#blocked.enqueue({ bytes: kept.length, handle });
    }
  }

  pdu(handling: ReadHandling, pdu: Buffer): void {
    if (this.#ended) return;
    if (!this.#blocked.isBlocked) this.#read(handling, pdu);
    else {
      const kept = unpinned(pdu);
      this.#blocked.enqueue({ bytes: kept.length, handle: () => this.#read(handling, kept) });
    }
  }

  #relay(handling: RelayHandling, bytes: Buffer, pduCount: number): void {
    this.#host.counters.relayedPdus += pduCount;
    this.#receivedPdus += pduCount;
    if (this.#host.watch.isOn) this.#host.watch.pass(this.#link, bytes);
    if (this.#turns.isEmpty) this.#host.hub.relay(this.#receiver, handling, bytes);
    else
      this.#turns.enqueue(
        new PendingBatch(this.#host.hub, this.#receiver, handling, unpinned(bytes)),
      );
  }

  #read(handling: ReadHandling, pdu: Buffer): void {
    this.#receivedPdus++;
    if (this.#host.watch.isOn) this.#host.watch.pass(this.#link, pdu);
    if (!this.#handle(handling, pdu)) this.#countMalformed(handling);
  }

  #countMalformed(handling: ReadHandling): void {
    const command = COMMAND_OF[handling];
    const { malformed } = this.#host.counters;
    malformed[command] = (malformed[command] ?? 0) + 1;
  }

  /**
   * @returns false if the body does not parse; the whole PDU is dropped. A snapshot reports this
   * later.
   */
  #handle(handling: ReadHandling, pdu: Buffer): boolean {
    switch (handling) {
      case 'role-set': {
        const role = decodeRoleSet(pdu);
        if (role !== undefined) this.#role.declare(role.master);
        return role !== undefined;
      }
      case 'snapshot': {
        this.#importSnapshot(pdu);
        return true;
      }
      case 'status-update': {
        const { clientTypes } = this.#host;
        const update = decodeUserStatusUpdate(pdu, clientTypes);
        if (update === undefined) {
          this.#nameUnknownType('user_status_update', unknownClientTypeOf(pdu, clientTypes));
          return false;
        }
        const turn = new PendingUpdate(this.#host.hub, this.#turns);
        this.#turns.enqueue(turn);
        this.#host.presence.update(this.#link, update, turn);
        return true;
      }
      case 'status-query': {
        const { maxQueryUsers } = this.#host;
        const request = decodeUsersStatusRequest(pdu, maxQueryUsers);
        if (request === undefined) return false;
        if (request === 'too-many') {
          this.#host.counters.tooLargeQueries++;
          const value = `more than ${maxQueryUsers}`;
          const problem = 'too-many-users';
          this.#host.dropped(this.#link, { command: 'users_status_request', problem, value });
          return false;
        }
        this.#query(request);
        return true;
      }
    }
  }

  /** Reports the client type that made a body invalid, if there is one. */
  #nameUnknownType(command: string, unknownType: number | undefined): void {
    if (unknownType === undefined) return;
    this.#host.counters.unknownClientTypes++;
    const value = `0x${unknownType.toString(16)}`;
    this.#host.dropped(this.#link, { command, problem: 'unknown-client-type', value });
  }

  #importSnapshot(pdu: Buffer): void {
    const clients = new ListedClients(pdu, this.#host.clientTypes);
    const snapshot = new SnapshotImport(clients, this.#host.timeSlicer, {
      checked: (good) => {
        if (!good) {
          this.#countMalformed('snapshot');
          this.#nameUnknownType('online_user_info', clients.unknownClientType);
        } else if (clients.remaining > 0) this.#warnOfSecondLink();
      },
      add: (part) => this.#host.presence.addClients(this.#link, part),
      mayLeaveOut: () => this.#ended && this.#blocked.length === 0,
      done: () => {
        this.#host.hub.setImporting(this.#receiver, false);
        this.#blocked.unblock();
      },
    });
    this.#blocked.block();
    if (pdu.length <= SMALL_SNAPSHOT_BYTES && this.#host.timeSlicer.mayDoAtOnce(pdu.length)) {
      snapshot.takeAll();
      return;
    }
    this.#host.hub.setImporting(this.#receiver, true);
    snapshot.begin();
  }

  #query(request: UsersStatusRequest): void {
    const { presence, hub, timeSlicer } = this.#host;
    const query = new PendingQuery(request, {
      presence,
      hub,
      link: this.#link,
      receiver: this.#receiver,
      queue: this.#turns,
    });
    this.#turns.enqueue(query);
    if (request.userIds.length <= ASKED_AT_ONCE) {
      query.ask();
      return;
    }
    this.#blocked.block();
    new LargeQuery(query, timeSlicer, () => this.#blocked.unblock()).begin();
  }

  /** Protocol: a stock msg_server declares its master link before it sends a snapshot on it. */
  #warnOfSecondLink(): void {
    if (this.#host.links !== 'all' || this.#role.declared === true) return;
    this.#host.counters.nonMasterSnapshots++;
    this.#host.warnOfSecondLink(this.#link);
  }
}

/** PDUs to be relayed that wait behind a pending one. */
class PendingBatch implements Pending {
  readonly ready = true;
  readonly #hub: Hub;
  readonly #from: Receiver;
  readonly #handling: RelayHandling;
  readonly #run: Buffer;

  constructor(hub: Hub, from: Receiver, handling: RelayHandling, run: Buffer) {
    this.#hub = hub;
    this.#from = from;
    this.#handling = handling;
    this.#run = run;
  }

  get bytes(): number {
    return this.#run.length;
  }

  complete(): void {
    this.#hub.relay(this.#from, this.#handling, this.#run);
  }
}

/** A status update that waits for its commit and is then announced. */
class PendingUpdate implements Pending, UpdateWaiter {
  readonly bytes = 64;
  readonly #hub: Hub;
  readonly #turns: PendingQueue;
  #update: ClientStatus | undefined;
  #outcome: UpdateOutcome | undefined;

  constructor(hub: Hub, turns: PendingQueue) {
    this.#hub = hub;
    this.#turns = turns;
  }

  get ready(): boolean {
    return this.#outcome !== undefined;
  }

  updated(update: ClientStatus, outcome: UpdateOutcome): void {
    this.#update = update;
    this.#outcome = outcome;
    this.#turns.advance();
  }

  complete(): void {
    if (this.#update === undefined || this.#outcome?.kind !== 'committed') return;
    this.#hub.announce(this.#update, this.#outcome.state, this.#outcome.version);
  }
}
