import { Cluster, type ClusterNode, type ClusterOptions, type Redis } from 'ioredis';

/** The callbacks with which ioredis sends a refused command elsewhere, or gives it up. */
interface Redirections {
  maxRedirections(error: Error): void;
}

/** The redirections that are left for one command. */
interface Left {
  value?: number;
}

/** Limits of one {@link ClusterClient}. */
export interface ClusterPatience {
  /** Time without a step towards a connection after which it is made anew. */
  readonly stuckMs: number;
  /** Time for which a command waits for a slot that is being moved. */
  readonly movingMs: number;
}

/** Replies of nodes while a slot is being moved. */
const MOVING = /^(TRYAGAIN|ASK) /;

/** The client's reason when it does not know one. */
const CLOSED = 'Connection is closed.';

/** Events that show that a connection is being made. */
const STEPS = ['connecting', 'connect', 'reconnecting', 'refresh', 'node error'] as const;

/**
 * A client of a Redis Cluster that does not stop before its owner disconnects it, raises an 'error'
 * again and again for as long as it is not ready, and waits while a slot is being moved.
 *
 * ioredis (6.0) takes the end of the last connection for the end of a disconnect. There is none
 * when no node was connected, or when a late redirection has added one that is never used: it would
 * be 'disconnecting' for good.
 */
export class ClusterClient extends Cluster {
  readonly #patience: ClusterPatience;
  /** When a command was first refused since its slot was being moved, and by which reply. */
  readonly #moving = new WeakMap<Left, { readonly sinceMs: number; reply: Error }>();
  #lastReason: Error | undefined;
  #steps = 0;
  /** Whether the nodes were found, and only their state forbids to use them. */
  #found = false;
  #timer: NodeJS.Timeout | undefined;
  #left = false;

  constructor(
    nodes: ClusterNode[],
    options: Omit<ClusterOptions, 'redisOptions'> & {
      redisOptions: Omit<NonNullable<ClusterOptions['redisOptions']>, 'replyMapping'>;
    },
    patience: ClusterPatience,
  ) {
    super(nodes, options);
    this.#patience = patience;
    for (const step of STEPS) this.on(step, () => this.#steps++);
    this.on('connecting', () => this.#watch());
    this.on('connect', () => {
      this.#found = true;
    });
    this.on('ready', () => {
      // Events come a turn after the status, which may have changed since.
      if (this.status === 'ready') this.#stopWatching();
      this.#found = false;
    });
    this.on('+node', (node: Redis) => {
      if (this.status === 'disconnecting') node.disconnect();
      const asking = node.asking.bind(node);
      // ioredis ignores the reply, and so would leave a rejection unhandled.
      node.asking = async () => await asking().catch(async (error: Error) => this.#notAsked(error));
    });
    this.on('node error', (error: Error, address: string) => {
      if (!error.message.includes(address)) error.message = `${address}: ${error.message}`;
      if (!error.message.endsWith(CLOSED)) this.#lastReason = error;
    });
    // Records the first error: ioredis reports only that it could not find the slot owners.
    this.on('error', (error: Error) => {
      if ('lastNodeError' in error && this.#lastReason !== undefined) {
        error.lastNodeError = this.#lastReason;
      }
      this.#lastReason = undefined;
    });
  }

  /** An attempt to connect to a node has failed. */
  attemptFailed(error: Error): void {
    this.#lastReason = error;
  }

  override connect(): Promise<void> {
    this.#left = false;
    return super.connect();
  }

  override disconnect(reconnect = false): void {
    const isEmpty = this.nodes().length === 0;
    if (!reconnect) {
      this.#left = true;
      this.#stopWatching();
    }
    super.disconnect(reconnect);
    if (this.#left) return;
    this.#watch();
    if (!isEmpty) return;
    // Its own handler plans the next attempt, unless it has already run for this connection.
    this.emit('close');
    if (this.status === 'disconnecting') this.connect().catch(() => {});
  }

  /** Lets a command wait for a slot that is being moved, and says so if that takes too long. */
  override handleError(error: Error, left: Left, redirections: Redirections): void {
    const moving = this.#moving.get(left) ?? { sinceMs: performance.now(), reply: error };
    if (MOVING.test(error.message)) {
      moving.reply = error;
      this.#moving.set(left, moving);
      const isPatient = performance.now() - moving.sinceMs < this.#patience.movingMs;
      // The reply is followed by a pause, so that this does not spin.
      if (isPatient && error.message.startsWith('TRYAGAIN')) delete left.value;
    }
    super.handleError(error, left, {
      ...redirections,
      // The last reply is often a MOVED: ioredis repeats such commands on any node.
      maxRedirections: (tooMany: Error) => {
        const reply = this.#moving.get(left)?.reply;
        redirections.maxRedirections(reply === undefined ? tooMany : new Error(reply.message));
      },
    });
  }

  /** The command that follows is refused as well; this is the reason. */
  #notAsked(error: Error): 'OK' {
    this.emit('error', error);
    return 'OK';
  }

  #watch(): void {
    if (this.#timer !== undefined || this.#left) return;
    const begunMs = performance.now();
    let steps = this.#steps;
    this.#timer = setInterval(() => {
      const seconds = Math.round((performance.now() - begunMs) / 1000);
      const reason = this.#found ? 'CLUSTERDOWN its nodes report cluster_state:fail' : this.status;
      const error = new Error(
        `not ready after ${seconds} s: ${this.#lastReason?.message ?? reason}`,
      );
      this.#found = false;
      this.emit('error', error);
      if (steps === this.#steps) this.disconnect(true);
      steps = this.#steps;
    }, this.#patience.stuckMs);
  }

  #stopWatching(): void {
    this.#found = false;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
