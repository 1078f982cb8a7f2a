import { Bus, type BusLimits, type Loss } from '@route/bus';
import type { NodeInfo, NodeRegistry } from '@route/presence';
import type { Settings } from '@route/route-node/src/config/settings.ts';
import type { Engine, EngineEvents } from '@route/route-node/src/engine/engine.ts';
import type { Counters } from '@route/route-node/src/observability/counters.ts';
import { MERGEABLE_TYPES } from '@route/route-node/src/routing/bus-messages.ts';
import type { SimTransport } from './pub-sub.ts';
import { Caller, type Registry, SimPresence } from './redis.ts';
import type { SimProcess } from './virtual-time.ts';

/** Configuration of a node. */
export interface MemberPlan {
  readonly delivery: 'broadcast' | 'directed';
  readonly leaseMs: number;
  readonly limits: Partial<BusLimits>;
  readonly settings: Partial<Settings>;
  /** Acquires its lease whether it hears itself or not, as nodes before 0.2.0 do. */
  readonly leasesDeaf?: boolean;
}

/** How a closing node waited for the others. */
export interface Flushed {
  readonly ms: number;
  /** Time that it should wait at most. */
  readonly mostMs: number;
  /** Nodes that lacked something at the end, and those of them with a lease at the last reading. */
  readonly behind: readonly string[];
  readonly liveBehind: readonly string[];
}

interface SimEngineOptions {
  readonly id: string;
  readonly plan: MemberPlan;
  readonly events: EngineEvents;
  readonly counters: Counters;
  readonly registry: Registry;
  readonly transport: SimTransport;
  readonly process: SimProcess;
  lost(loss: Loss): void;
}

const RETRY_MS = 250;
const COMMAND_TIMEOUT_MS = 1000;
const LEAST_FLUSH_MS = 3500;

/** Counterpart of RedisEngine: the real bus, with a lease and presence in the simulated Redis. */
export class SimEngine implements Engine {
  readonly presence: SimPresence;
  readonly bus: Bus;
  flushed: Flushed | undefined;
  readonly #options: SimEngineOptions;
  readonly #caller: Caller;
  #held = false;
  #live: readonly string[] = [];
  #stopped = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #readyOnce: (() => void) | undefined;
  #leaseWanted = false;
  #deafTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(options: SimEngineOptions) {
    this.#options = options;
    const { id, plan, events, counters, registry, transport, process } = options;
    this.#caller = new Caller({
      registry,
      transport,
      process,
      commandTimeoutMs: COMMAND_TIMEOUT_MS,
    });
    this.presence = new SimPresence({
      registry,
      caller: this.#caller,
      memory: {
        lingerMs: plan.leaseMs,
        ...(events.interestObserver && { interestObserver: events.interestObserver }),
      },
      lateCommit: events.lateCommit,
      failed: () => this.#doubt(),
    });
    registry.presences.set(id, this.presence);
    this.bus = new Bus({
      ...{ nodeId: id, transport, mergeable: MERGEABLE_TYPES, limits: plan.limits },
      events: {
        onEntry: (kind, bytes, node, frame) => events.entry(kind, bytes, { node, frame }),
        onKnown: events.nodeKnown,
        onGone: events.nodeGone,
        onResponsive: (hearing) => {
          if (this.#stopped) return;
          events.unready('bus', !hearing);
          this.#hearing(hearing);
        },
        onJoined: () => this.#checkReady(),
        onFull: events.busFull,
        onLost: (loss) => {
          counters.busFramesLost += loss.frames;
          options.lost(loss);
          if (loss.reason === 'skipped') events.nodeMissed(loss.sender);
        },
        onError: () => undefined,
      },
    });
  }

  get leaseHeld(): boolean {
    return this.#held;
  }

  readonly malformedNodeRecords = 0;

  get liveNodes(): number {
    return this.#live.length;
  }

  get nodes(): readonly NodeInfo[] {
    return [];
  }

  async readRegistry(): Promise<NodeRegistry> {
    return { nowMs: null, entries: [], malformed: 0 };
  }

  send(kind: number, bytes: Buffer): void {
    this.bus.send(kind, bytes);
  }

  setRoom(hasRoom: boolean): void {
    this.bus.setRoom(hasRoom);
  }

  async start(): Promise<void> {
    const { events } = this.#options;
    events.unready('redis', true);
    events.unready('bus', true);
    const ready = new Promise<void>((resolve) => {
      this.#readyOnce = resolve;
    });
    if (this.#options.plan.leasesDeaf === true) {
      this.#leaseWanted = true;
      this.#renewAfter(1);
    }
    await this.bus.start();
    await ready;
  }

  async stop(withinMs = 0): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#deafTimer);
    const { plan, registry, counters } = this.#options;
    const { time } = registry.pubSub;
    const mostMs = Math.max(Math.min(withinMs, plan.limits.retentionMs ?? 0), LEAST_FLUSH_MS);
    const from = time.now;
    await this.bus.flush(mostMs, () => counters.retainedBytes === 0);
    const behind = this.bus.peers
      .filter(({ behind: frames }) => frames > 0)
      .map(({ node }) => node);
    const liveBehind = behind.filter((node) => this.#live.includes(node));
    this.flushed = { ms: time.now - from, mostMs, behind, liveBehind };
    await this.bus.close();
    clearTimeout(this.#timer);
  }

  async abandon(): Promise<void> {
    this.#stopped = true;
    this.#leaseWanted = false;
    clearTimeout(this.#deafTimer);
    clearTimeout(this.#timer);
    const { id, registry } = this.#options;
    await this.bus.close();
    await new Promise<void>((resolve) => {
      this.#caller.call(
        () => registry.giveBack(id),
        resolve,
        () => resolve(),
      );
    });
  }

  /** A node has a lease only while it hears itself on the bus. */
  #hearing(hearing: boolean): void {
    clearTimeout(this.#deafTimer);
    if (this.#options.plan.leasesDeaf === true) return;
    if (hearing) {
      if (!this.#leaseWanted) this.#renewAfter(1);
      this.#leaseWanted = true;
      this.#checkReady();
    } else {
      this.#deafTimer = setTimeout(() => {
        this.#leaseWanted = false;
        this.#doubt();
        clearTimeout(this.#timer);
      }, this.#options.plan.leaseMs);
    }
  }

  #renewAfter(ms: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#renew(), ms);
  }

  #renew(): void {
    const { id, plan, registry, events } = this.#options;
    const endsAt = performance.now() + plan.leaseMs;
    this.#caller.call(
      () => registry.renew(id, plan.leaseMs),
      ({ held, live }) => {
        if (!this.#leaseWanted || this.flushed !== undefined) return;
        const wasHeld = this.#held;
        this.#held = true;
        this.#live = live;
        // Also while it closes: a node that dies then is not waited for.
        this.bus.setLiveNodes(live, endsAt);
        if (!wasHeld || !held) {
          this.presence.resumed();
          events.unready('redis', false);
          this.#checkReady();
        }
        this.#renewAfter(Math.min(1000, Math.max(50, plan.leaseMs / 10)));
      },
      () => this.#doubt(),
    );
  }

  #doubt(): void {
    if (this.#held && !this.#stopped) {
      this.#held = false;
      this.presence.suspended();
      this.#options.events.unready('redis', true);
    }
    if (this.#leaseWanted && this.flushed === undefined) this.#renewAfter(RETRY_MS);
  }

  #checkReady(): void {
    if (this.#held && this.bus.responsive && this.bus.joined) this.#readyOnce?.();
  }
}
