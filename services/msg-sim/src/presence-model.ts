import { type ClientType, isPc } from '@route/link-client';

/** Users by their place, 0 to `users` - 1, and servers by theirs. */
export interface PresenceModelOptions {
  readonly users: number;
  /** How long the cluster may hold on to what a lost link has said: lease, sweep, and some more. */
  readonly doubtMs: number;
}

/**
 * Who is online where, as the msg_servers know it, and since when the cluster must know it too: what is on
 * its way, or hangs on a link that was lost, is in doubt and compared by nobody.
 */
export class PresenceModel {
  readonly users: number;
  readonly #doubtMs: number;
  /** PC clients of each user. */
  readonly #pcClients: Int32Array;
  readonly #clients: Int32Array;
  /** When each user was last changed, or last in doubt. */
  readonly #disturbedMs: Float64Array;
  /** When a change was last reported that every link must be told of; 0: none that counts. */
  readonly #announcedMs: Float64Array;
  /** Which server reported something of each user last. */
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

  /** Users with any client. */
  get online(): number {
    return this.#online;
  }

  get clients(): number {
    return this.#clientCount;
  }

  /** Whether a status query must say ONLINE: there is a PC client anywhere. */
  isOnline(user: number): boolean {
    return (this.#pcClients[user] ?? 0) > 0;
  }

  /** A client comes (1) or goes (-1). */
  change(user: number, type: ClientType, by: 1 | -1): void {
    const had = this.#clients[user] ?? 0;
    this.#clients[user] = had + by;
    if (isPc(type)) this.#pcClients[user] = (this.#pcClients[user] ?? 0) + by;
    this.#clientCount += by;
    if (had === 0 && by === 1) this.#online++;
    if (had === 1 && by === -1) this.#online--;
  }

  /** A server has reported a client's change over an open link; the change has been made here before. */
  reported(user: number, type: ClientType, { server, nowMs, gone }: Report): void {
    // While a lost link still speaks for the user, an OFFLINE is not the last word on him.
    const isInDoubt = (this.#disturbedMs[user] ?? 0) > nowMs;
    this.#disturb(user, nowMs);
    this.#reportedBy[user] = server;
    if (!isPc(type) || (gone && this.isOnline(user))) return;
    this.#announcedMs[user] = isInDoubt ? 0 : nowMs;
  }

  /** Something was changed while nobody could be told of it, or a list says it, which tells nobody. */
  unannounced(user: number, nowMs: number): void {
    this.#disturb(user, nowMs);
    this.#announcedMs[user] = 0;
  }

  /**
   * A server's link is lost, on which it held these users. What it reported last may have gone with it, and
   * what it held stays for a while.
   */
  linkLost(server: number, held: Iterable<number>, nowMs: number): void {
    for (const user of held) this.#doubt(user, nowMs);
    for (let user = 0; user < this.users; user++) {
      const isRecent = (this.#disturbedMs[user] ?? 0) > nowMs - this.#doubtMs;
      if (isRecent && this.#reportedBy[user] === server) this.#doubt(user, nowMs);
    }
  }

  /** Since when the cluster has had nothing new to learn of a user; in the future while it is in doubt. */
  undisturbedSince(user: number): number {
    return this.#disturbedMs[user] ?? 0;
  }

  /** When every link was to be told of the user as he is; undefined where nobody was. */
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

/** Who reported a change, and when. */
export interface Report {
  readonly server: number;
  readonly nowMs: number;
  /** It was an OFFLINE: while another PC client is left nobody is told. */
  readonly gone: boolean;
}
