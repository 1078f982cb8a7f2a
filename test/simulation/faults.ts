import type { Cluster } from './cluster.ts';
import { forgeFrame } from './forge.ts';
import type { Fault, FaultKind } from './schedule.ts';
import { type Traffic, usersOf } from './traffic.ts';
import type { Member } from './world/member.ts';
import type { MsgServer } from './world/msg-server.ts';
import type { RedisPath, Rights } from './world/pub-sub.ts';

/** Limit of running nodes. */
const MOST_NODES = 20;

type CarryOut = (scene: FaultScene, fault: Fault) => void;

/** Injects the faults of a schedule into a cluster. */
export class FaultScene {
  readonly cluster: Cluster;
  readonly traffic: Traffic;
  /** What must be undone at the end of all faults. */
  readonly #undo = new Set<() => void>();

  constructor(cluster: Cluster, traffic: Traffic) {
    this.cluster = cluster;
    this.traffic = traffic;
  }

  carryOut(fault: Fault): void {
    CARRY_OUT[fault.kind](this, fault);
  }

  endAll(): void {
    for (const undo of [...this.#undo]) undo();
  }

  /** Ends something after a time, or at the end of all faults. */
  endAfter(ms: number, end: () => void): void {
    const once = (): void => {
      if (this.#undo.delete(once)) end();
    };
    this.#undo.add(once);
    this.cluster.time.after(ms, once, undefined);
  }

  /** Marks that any node may be slow, and may not know where users are. */
  trouble(ms: number): void {
    const { time, delays, doubts } = this.cluster;
    delays.mark(time.now, time.now + ms);
    doubts.mark(time.now, time.now + ms);
  }

  outage(member: Member, ms: number): void {
    const { now } = this.cluster.time;
    this.cluster.outagesOf(member).mark(now, now + ms);
    this.trouble(ms);
  }

  member(fault: Fault): Member | undefined {
    const { good } = this.cluster;
    return good[fault.target % Math.max(1, good.length)];
  }

  /** A serving node that the cluster can do without. */
  spare(fault: Fault): Member | undefined {
    const serving = this.cluster.good.filter(
      ({ drainedAt, listeningAt }) => drainedAt === undefined && listeningAt !== undefined,
    );
    return serving.length < 2 ? undefined : serving[fault.target % serving.length];
  }

  server(fault: Fault): MsgServer | undefined {
    const servers = this.cluster.servers.filter(({ stopped }) => !stopped);
    return servers[fault.target % Math.max(1, servers.length)];
  }

  /** Adds a node that must not serve, for a while. */
  badMember(fault: Fault, wrong: Partial<Rights>): void {
    const { cluster } = this;
    if (cluster.existing.length >= MOST_NODES) return;
    // A node that is heard has a lease only while it hears itself. Earlier versions, which do not
    // check this, are not heard.
    const leasesDeaf = wrong.publish === false && fault.degree < 0.7;
    const member = cluster.addMember({ bad: true, plan: { leasesDeaf } });
    Object.assign(member.transport.rights, wrong);
    member.start();
    cluster.doubts.mark(cluster.time.now, Number.POSITIVE_INFINITY);
    this.endAfter(fault.ms * 2 + 2000, () => cluster.kill(member));
  }

  path(fault: Fault, wrong: Parameters<RedisPath['worsen']>[0]): void {
    const member = this.member(fault);
    if (member !== undefined) this.worsen(member, fault.ms, wrong);
  }

  worsen(member: Member, ms: number, wrong: Parameters<RedisPath['worsen']>[0]): void {
    const { transport } = member;
    this.outage(member, ms);
    const mend = transport.path.worsen(wrong);
    transport.pathChanged();
    this.endAfter(ms, () => {
      mend();
      transport.pathChanged();
    });
  }
}

const CARRY_OUT: Readonly<Record<FaultKind, CarryOut>> = {
  join: (scene) => {
    if (scene.cluster.existing.length >= MOST_NODES) return;
    scene.cluster.addMember().start();
    scene.cluster.doubts.mark(scene.cluster.time.now, scene.cluster.time.now + 1000);
  },
  // A node joins and accepts links while another one sends but does not receive, and does not
  // notice that.
  'join-apart': (scene, fault) => {
    const { cluster, traffic } = scene;
    const member = scene.member(fault);
    if (member === undefined || cluster.existing.length >= MOST_NODES) return;
    scene.worsen(member, 1500, { darkIn: true });
    cluster.addMember().start();
    const joins = (): void => {
      if (cluster.servers.length >= 12) return;
      const server = cluster.addServer();
      traffic.begin(server);
      server.connect();
    };
    cluster.time.after(150 + fault.degree * 900, joins, undefined);
  },
  drain: (scene, fault) => {
    const overMs = Math.floor(fault.degree * 3000);
    scene.spare(fault)?.drain(overMs);
    scene.trouble(overMs + 3000);
  },
  kill: (scene, fault) => {
    const member = scene.spare(fault);
    if (member === undefined) return;
    scene.cluster.kill(member);
    scene.trouble(scene.cluster.schedule.leaseMs);
  },
  freeze: (scene, fault) => freeze(scene, fault, fault.ms),
  stall: (scene, fault) => freeze(scene, fault, 50 + fault.degree * 400),
  'node-clock': (scene, fault) => {
    const member = scene.member(fault);
    if (member !== undefined) member.process.clockOffsetMs = (fault.degree - 0.5) * 7_200_000;
  },
  'crash-loop': (scene, fault) => {
    const { cluster } = scene;
    let left = 1 + (fault.target % 4);
    const again = (): void => {
      if (left-- === 0 || cluster.existing.length >= MOST_NODES) return;
      const member = cluster.addMember({ bad: true });
      const throws = fault.degree < 0.5;
      member.start(throws ? 'throws' : 'port-taken');
      cluster.doubts.mark(cluster.time.now, Number.POSITIVE_INFINITY);
      cluster.time.after(1500, again, undefined);
      // A member that cannot bind its port leaves by itself: to kill it before would be another
      // fault.
      if (!throws) return;
      // A node that ends without a leave delays the others by at most 3 s.
      cluster.delays.mark(cluster.time.now, cluster.time.now + 1500 + 3000);
      scene.endAfter(60_000, () => cluster.kill(member));
    };
    again();
  },
  'no-publish': (scene, fault) => scene.badMember(fault, { publish: false }),
  'no-subscribe': (scene, fault) =>
    scene.badMember(fault, { subscribe: false, subscribeOwn: false }),
  // An account of an earlier version: the node serves, and is sent to through the channel of all
  // nodes.
  'no-own-channel': (scene) => {
    const { cluster } = scene;
    if (cluster.existing.length >= MOST_NODES) return;
    const member = cluster.addMember();
    member.transport.rights.subscribeOwn = false;
    member.start();
    cluster.doubts.mark(cluster.time.now, cluster.time.now + 1000);
  },
  'no-keys': (scene, fault) => scene.badMember(fault, { keys: false }),
  'slow-path': (scene, fault) => scene.path(fault, { latencyMs: 5 + fault.degree * 300 }),
  'cut-path': (scene, fault) => scene.path(fault, { cut: true }),
  'dark-out': (scene, fault) => scene.path(fault, { darkOut: true }),
  'dark-in': (scene, fault) => scene.path(fault, { darkIn: true }),
  lossy: (scene, fault) => scene.path(fault, { loss: 0.01 + fault.degree * 0.4 }),
  'small-output-limit': (scene, fault) => {
    const { pubSub } = scene.cluster;
    const limit = 40_000 + fault.degree * 100_000;
    pubSub.outputLimits.add(limit);
    for (const member of scene.cluster.good) scene.outage(member, fault.ms);
    scene.endAfter(fault.ms, () => pubSub.outputLimits.delete(limit));
  },
  'redis-down': (scene, fault) => {
    const { cluster } = scene;
    const { pubSub, registry } = cluster;
    if (!pubSub.isUp) return;
    const older = new Map(registry.leases);
    for (const member of cluster.good) scene.outage(member, fault.ms);
    pubSub.setUp(false);
    scene.endAfter(fault.ms, () => {
      const data = fault.degree < 0.4 ? 'kept' : fault.degree < 0.8 ? 'empty' : 'older';
      registry.restart(data, older);
      pubSub.setUp(true);
    });
  },
  'redis-slow': (scene, fault) => {
    for (const member of scene.cluster.good) {
      scene.worsen(member, fault.ms, { latencyMs: fault.degree * 200 });
    }
  },
  'server-slow': (scene, fault) => reads(scene, fault, 1 + fault.degree * 50),
  'server-stuck': (scene, fault) => reads(scene, fault, 0),
  'server-reset': (scene, fault) => scene.server(fault)?.disconnect('reset'),
  'server-close': (scene, fault) => scene.server(fault)?.disconnect('close'),
  // Its PDUs wait, and slow the others, until its node closes the link.
  'server-vanish': (scene, fault) => {
    scene.trouble(scene.cluster.schedule.timeoutMs + 4000);
    scene.server(fault)?.disconnect('vanish');
  },
  'server-join': (scene) => {
    if (scene.cluster.servers.length >= 12) return;
    const server = scene.cluster.addServer();
    scene.traffic.begin(server);
    server.connect();
  },
  'server-leave': (scene, fault) => {
    if (scene.cluster.servers.filter(({ stopped }) => !stopped).length > 1)
      scene.server(fault)?.stop();
  },
  'server-list': (scene, fault) => {
    const server = scene.server(fault);
    if (server === undefined) return;
    // A very long snapshot, and a processor so slow that its import outlasts the retention for
    // moving users.
    const isLong = fault.degree > 0.7;
    server.extras = isLong ? 20_000 : 1500 + Math.floor(fault.degree * 3000);
    // A snapshot that arrives after the faults slows no node any more.
    let isOver = false;
    scene.endAfter(60_000, () => {
      isOver = true;
    });
    server.listed = ({ process }) => {
      if (isOver) return;
      process.lookMs = isLong ? 8 : 0.5;
      scene.trouble(4000);
      scene.endAfter(isLong ? 3000 : 1500, () => {
        process.lookMs = 0.001;
      });
    };
    scene.trouble(4000);
    server.disconnect('close');
  },
  'server-nonsense': (scene, fault) => scene.server(fault)?.breakOff(),
  forge: (scene, fault) => {
    const { cluster } = scene;
    const { time, pubSub, random, judge } = cluster;
    const count = 1 + Math.floor(fault.degree * 100);
    const users = usersOf(cluster.schedule.users);
    const ms = Math.min(fault.ms, 2000);
    cluster.delays.mark(time.now, time.now + ms + cluster.schedule.heldMs + 3000);
    cluster.doubts.mark(time.now, time.now + ms + 2 * cluster.schedule.heldMs);
    judge.forged(time.now + ms + cluster.schedule.heldMs + 3000);
    for (let i = 0; i < count; i++) {
      const forge = (): void => {
        const frames = pubSub.recent.filter((frame) => frame !== undefined);
        if (frames.length === 0 || !pubSub.isUp) return;
        const ids = cluster.good.map(({ id }) => id);
        const to = random.chance(0.5) ? undefined : random.pickIfAny(ids);
        const frame = forgeFrame(random, { frames, ids, users });
        if (frame !== undefined) pubSub.publish('nobody', frame, to);
      };
      time.after(random.between(0, ms), forge, undefined);
    }
  },
};

function freeze(scene: FaultScene, fault: Fault, ms: number): void {
  const member = scene.member(fault);
  if (member === undefined || member.process.frozen) return;
  scene.outage(member, ms);
  member.freeze();
  scene.endAfter(ms, () => member.thaw());
}

function reads(scene: FaultScene, fault: Fault, rate: number): void {
  const server = scene.server(fault);
  if (server === undefined || server.readRate !== undefined) return;
  server.readRate = rate;
  scene.trouble(fault.ms + 4000);
  scene.endAfter(fault.ms, () => {
    server.readRate = undefined;
    server.readOn();
  });
}
