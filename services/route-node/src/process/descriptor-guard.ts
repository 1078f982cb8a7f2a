import { type Logger, RepeatedLine } from '../observability/log.ts';
import { type Descriptors, isOutOfDescriptors, reservedDescriptors } from './descriptors.ts';

/** The port of the links, as far as its connections take descriptors. */
export interface LinkPort {
  /** Connections that are open now. */
  connections(): Promise<number>;
  /** No connection is accepted beyond this number. */
  setMaxConnections(count: number): void;
}

export interface DescriptorGuardOptions {
  readonly port: LinkPort;
  /** Links and handshakes that the settings allow. */
  readonly wanted: number;
  readonly log: Logger;
  read(): Promise<Descriptors | undefined>;
  /** Called when no descriptor is left for a further link, and when there is one again. */
  exhausted(holds: boolean): void;
}

const CHECK_MS = 10_000;
const RECHECK_MS = 1000;

/**
 * Keeps links from using the last file descriptors: it reserves those that the admin port and the
 * connections to Redis need. It checks again every 10 s, since the process's other descriptors may
 * change.
 */
export class DescriptorGuard {
  readonly #options: DescriptorGuardOptions;
  readonly #lines = new RepeatedLine();
  #timer: NodeJS.Timeout | undefined;
  #exhausted = false;
  #stopped = false;

  constructor(options: DescriptorGuardOptions) {
    this.#options = options;
  }

  /**
   * Checks for the first time, and warns where the settings allow more links than there are
   * descriptors.
   */
  async start(): Promise<void> {
    const room = await this.#check();
    const { wanted, log } = this.#options;
    if (room === undefined || room.links >= wanted) return;
    const needed = room.limit - room.links + wanted;
    log.warn({
      event: 'descriptors-few',
      limit: room.limit,
      roomForLinks: room.links,
      hint:
        `the limit of open files (ulimit -n) is ${room.limit}: ROUTE_MAX_LINKS and ` +
        `ROUTE_MAX_HANDSHAKES together are ${wanted}, which takes ${needed}; ` +
        'raise the limit or lower the settings',
    });
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  /** Records a connection that was refused for lack of a descriptor. */
  turnedAway(): void {
    this.#setExhausted(true);
  }

  async #check(): Promise<{ links: number; limit: number } | undefined> {
    const { port, read, log } = this.#options;
    const connections = await port.connections();
    let room: { links: number; limit: number } | undefined;
    try {
      const descriptors = await read();
      if (descriptors !== undefined) {
        const { open, limit } = descriptors;
        const others = Math.max(0, open - connections);
        room = { links: Math.max(0, limit - others - reservedDescriptors(limit)), limit };
        port.setMaxConnections(room.links);
        this.#setExhausted(connections >= room.links);
      }
    } catch (error) {
      if (!isOutOfDescriptors(error)) throw error;
      port.setMaxConnections(connections);
      this.#setExhausted(true);
      this.#lines.write((suppressed) =>
        log.error({ event: 'descriptors-out', suppressed, err: error }),
      );
    }
    if (!this.#stopped) {
      this.#timer = setTimeout(() => void this.#check(), this.#exhausted ? RECHECK_MS : CHECK_MS);
      this.#timer.unref();
    }
    return room;
  }

  #setExhausted(exhausted: boolean): void {
    if (this.#exhausted === exhausted) return;
    this.#exhausted = exhausted;
    this.#options.exhausted(exhausted);
    if (!exhausted || this.#timer === undefined || this.#stopped) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#check(), RECHECK_MS);
    this.#timer.unref();
  }
}
