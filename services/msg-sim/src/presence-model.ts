import { type ClientType, isPc } from '@route/link-client';

/** Indices of users, 0 to `users` - 1, and of servers. */
export interface PresenceModelOptions {
  readonly users: number;
  /** How long (ms) the cluster may keep users of a lost link: lease, sweep and a margin. */
  readonly doubtMs: number;
}

/**
 * Tracks which users are online where, as the msg_servers know it, and since when the cluster must
 * know it too. Updates that are on their way, or were lost with a link, are not compared.
 */
export class PresenceModel {
  readonly users: number;
  readonly #doubtMs: number;
  /** Number of PC clients of each user. */
  readonly #pcClients: Int32Array;
  readonly #clients: Int32Array;
  /** When each user last changed or became uncertain. */
  readonly #disturbedMs: Float64Array;
  /** Last report of a change that notifies every link; 0 without one. */
  readonly #announcedMs: Float64Array;
  /** The server of each user's last report. */
  readonly #reportedBy: Int32Array;
  #online = 0;
  #clientCount = 0;

  constructor({ users, doubtMs }: PresenceModelOptions) {
    this.users = users;
    this.#doubtMs = doubtMs;
    this.#pcClients = new Int32Array(users);
    this.#clients = new Int32Array(users);
    this.#disturbedMs = new Float64Array(users);
    this.#announcedMs = new Float64Array(users);
    this.#reportedBy = new Int32Array(users);
  }

  /** Number of users with any client. */
  get online(): number {
    return this.#online;
  }

  get clients(): number {
    return this.#clientCount;
  }

  /** Whether a status query must return ONLINE: a PC client is connected anywhere. */
  isOnline(user: number): boolean {
    return (this.#pcClients[user] ?? 0) > 0;
  }

  /** Adds (1) or removes (-1) a client. */
  change(user: number, type: ClientType, by: 1 | -1): void {
    const had = this.#clients[user] ?? 0;
    this.#clients[user] = had + by;
    if (isPc(type)) this.#pcClients[user] = (this.#pcClients[user] ?? 0) + by;
    this.#clientCount += by;
    if (had === 0 && by === 1) this.#online++;
    if (had === 1 && by === -1) this.#online--;
  }

  /** Records the report of a change that is already in the model, over an open link. */
  reported(user: number, type: ClientType, { server, nowMs, gone }: Report): void {
    // While users of a lost link still count, a later correction may follow an OFFLINE.
    const isInDoubt = (this.#disturbedMs[user] ?? 0) > nowMs;
    this.#disturb(user, nowMs);
    this.#reportedBy[user] = server;
    if (!isPc(type) || (gone && this.isOnline(user))) return;
    this.#announcedMs[user] = isInDoubt ? 0 : nowMs;
  }

  /** Records a change without a notification: made without a link, or reported by a list. */
  unannounced(user: number, nowMs: number): void {
    this.#disturb(user, nowMs);
    this.#announcedMs[user] = 0;
  }

  /**
   * Marks the users of a lost link. The last reports may be lost with it, and the cluster keeps its
   * users for a while.
   */
  linkLost(server: number, users: Iterable<number>, nowMs: number): void {
    for (const user of users) this.#doubt(user, nowMs);
    for (let user = 0; user < this.users; user++) {
      const isRecent = (this.#disturbedMs[user] ?? 0) > nowMs - this.#doubtMs;
      if (isRecent && this.#reportedBy[user] === server) this.#doubt(user, nowMs);
    }
  }

  /**
   * Returns since when the cluster has had nothing new to learn of a user; in the future while
   * uncertain.
   */
  undisturbedSince(user: number): number {
    return this.#disturbedMs[user] ?? 0;
  }

  /**
   * Returns when every link was due a notification of the user's current status; undefined without
   * one.
   */
  announcedMs(user: number): number | undefined {
    return this.#announcedMs[user] || undefined;
  }

  #disturb(user: number, nowMs: number): void {
    this.#disturbedMs[user] = Math.max(this.#disturbedMs[user] ?? 0, nowMs);
  }

  #doubt(user: number, nowMs: number): void {
    this.#disturbedMs[user] = nowMs + this.#doubtMs;
    this.#announcedMs[user] = 0;
  }
}

/** The server and time of a report. */
export interface Report {
  readonly server: number;
  readonly nowMs: number;
  /** It was an OFFLINE, which notifies no link while another PC client is left. */
  readonly gone: boolean;
}
