import { PresenceMemory, type PresenceMemoryOptions } from '@route/presence';
import { STANDARD_CLIENT_TYPES } from '@route/protocol';
import { Backpressure } from '../link/backpressure.ts';
import { Link, type LinkHost, type LinkLimits } from '../link/link.ts';
import { TickFlusher } from '../link/link-writer.ts';
import type { DroppedPdu } from '../link/protocol-handler.ts';
import { ReadScheduler } from '../link/read-scheduler.ts';
import { SlowConsumers } from '../link/slow-consumers.ts';
import { TimeSlicer } from '../link/time-slicer.ts';
import { Counters } from '../observability/counters.ts';
import { PduMonitor } from '../observability/pdu-monitor.ts';
import { Broadcast } from '../routing/broadcast.ts';
import { Directed } from '../routing/directed/directed.ts';
import { Hub } from '../routing/hub.ts';
import { StallingSocket } from './stalling-socket.ts';

const KIBIBYTE = 1024;

/** A link of the scene, and the msg_server's end of it. */
export interface SceneLink {
  readonly link: Link;
  readonly socket: StallingSocket;
}

/** The callbacks of a link to its node, which may be made inside any call. */
export type Callback = 'ending' | 'over' | 'back' | 'grown';

export interface LinkSceneOptions {
  readonly delivery: 'broadcast' | 'directed';
  readonly limits?: Partial<LinkLimits>;
  readonly incompletePduBytes?: number;
  /** Makes the presence; its options have the observer of interest. */
  presence?(options: PresenceMemoryOptions): PresenceMemory;
  /** Called inside a link's calls. */
  inside?(callback: Callback, link: Link): void;
}

/** A node without a network: links, hub and backpressure, wired as in a node. */
export class LinkScene {
  readonly counters = new Counters();
  readonly hub: Hub;
  readonly links: SceneLink[] = [];
  /** Of each link that has begun to end, why. */
  readonly endings = new Map<string, string>();
  readonly gone = new Set<string>();
  readonly dropped: DroppedPdu[] = [];
  readonly slow: SlowConsumers;
  readonly gate: Backpressure;
  readonly readScheduler: ReadScheduler;
  readonly #host: LinkHost;

  constructor(sceneOptions: LinkSceneOptions) {
    const { delivery, limits, presence, inside = () => {} } = sceneOptions;
    const { counters } = this;
    const watch = new PduMonitor();
    const bus = { send: (): void => {} };
    const options = this.#presenceOptions();
    this.readScheduler = new ReadScheduler(sceneOptions.incompletePduBytes ?? 1024 * KIBIBYTE);
    const engine = presence?.(options) ?? new PresenceMemory(options);
    this.hub = new Hub({
      bus,
      presence: engine,
      counters,
      watch,
      staleMs: 60_000,
      delivery: (receivers) =>
        delivery === 'broadcast'
          ? new Broadcast(receivers, bus)
          : new Directed({
              receivers,
              bus: undefined,
              counters,
              mostKeptBytes: KIBIBYTE,
              onFull: () => {},
            }),
    });
    const allLimits: LinkLimits = {
      maxPduBytes: 256 * KIBIBYTE,
      minBytesPerSecond: KIBIBYTE,
      heartbeatMs: 5000,
      timeoutMs: 30_000,
      drainTimeoutMs: 10_000,
      pendingPdus: 1000,
      pendingBytes: 1024 * KIBIBYTE,
      highWaterMarkBytes: 16 * KIBIBYTE,
      queueMaxBytes: 64 * KIBIBYTE,
      ...limits,
    };
    this.gate = new Backpressure((open) => {
      for (const { link } of this.links) link.pause(!open);
    });
    this.slow = new SlowConsumers({
      markBytes: allLimits.highWaterMarkBytes,
      limitBytes: allLimits.queueMaxBytes,
      drainTimeoutMs: allLimits.drainTimeoutMs,
      now: () => performance.now(),
      pause: (held) => this.gate.set('links-over-mark', held),
    });
    this.#host = {
      presence: engine,
      hub: this.hub,
      counters,
      watch,
      links: 'all',
      timeSlicer: new TimeSlicer(),
      readScheduler: this.readScheduler,
      flusher: new TickFlusher(),
      limits: allLimits,
      warnOfSecondLink: () => {},
      spoken: () => {},
      clientTypes: STANDARD_CLIENT_TYPES,
      maxQueryUsers: 5000,
      dropped: (_link, pdu) => this.dropped.push(pdu),
      ending: (link, reason) => {
        this.endings.set(link.id, reason);
        inside('ending', link);
      },
      gone: (link) => this.gone.add(link.id),
      overMark: (link, over) => {
        if (over) this.slow.over(link);
        else this.slow.back(link);
        inside(over ? 'over' : 'back', link);
      },
      grownOverMark: (link) => {
        this.slow.added(link);
        inside('grown', link);
      },
    };
  }

  open(): SceneLink {
    const socket = new StallingSocket();
    const id = `node.${this.links.length + 1}`;
    const opened = { link: new Link(id, { socket, peer: id }, this.#host), socket };
    this.links.push(opened);
    opened.link.pause(!this.gate.isOpen);
    return opened;
  }

  close(): void {
    for (const { socket } of this.links) socket.destroy();
  }

  #presenceOptions(): PresenceMemoryOptions {
    return {
      graceMs: 0,
      lingerMs: 0,
      perSecond: 1,
      lost: () => {},
      back: () => {},
      interestObserver: {
        added: (link, userId) => this.hub.interestObserver?.added(link, userId),
        removed: (link, userId) => this.hub.interestObserver?.removed(link, userId),
        cleared: (link) => this.hub.interestObserver?.cleared(link),
      },
    };
  }
}

/** Lets everything happen that has been set off: reads, ends of ticks, what was put off. */
export async function settle(turns = 12): Promise<void> {
  for (let turn = 0; turn < turns; turn++) {
    await new Promise<void>((resolve) => {
      setImmediate(resolve);
    });
  }
}
