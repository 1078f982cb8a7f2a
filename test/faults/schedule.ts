import { setTimeout as delay } from 'node:timers/promises';
import type { Random } from '@route/random';
import {
  cutNode,
  killConnections,
  killRedis,
  lowerOutputLimit,
  pauseRedis,
  restartRedisEmpty,
  stopNode,
} from './faults.ts';
import { LEASE_SECONDS, type Scene } from './scene.ts';

/** One fault of a schedule, with its random values drawn. */
interface Fault {
  readonly name: string;
  inflict(scene: Scene): Promise<void>;
}

/** Concurrent faults: at most one of Redis and one of a node. */
interface Step {
  readonly afterMs: number;
  readonly faults: readonly Fault[];
}

export type Schedule = readonly Step[];

type Draw = (random: Random) => Fault;

const REDIS_FAULTS: readonly Draw[] = [
  () => ({ name: 'Redis restarted empty', inflict: restartRedisEmpty }),
  lasting('Redis killed', 3, killRedis),
  lasting('Redis paused', 4, pauseRedis),
  lasting('connections killed', 3, killConnections),
  lasting('low output limit', 3, lowerOutputLimit),
];

const NODE_FAULTS: readonly Draw[] = [
  () => ({ name: 'a node killed and replaced', inflict: replaceNode }),
  lasting('a node stopped', 2 * LEASE_SECONDS, async (scene, seconds) => {
    await stopNode(scene, anyNode(scene), seconds);
  }),
  ...(['both', 'to-redis', 'from-redis'] as const).map((cut) =>
    lasting(`a node cut off (${cut})`, 2 * LEASE_SECONDS, async (scene, seconds) => {
      await cutNode(scene, { index: anyNode(scene), cut, seconds });
    }),
  ),
];

/** Draws two or three steps. */
export function drawSchedule(random: Random): Schedule {
  return Array.from({ length: random.whole(2, 3) }, () => {
    const which = random.pick(['redis', 'node', 'both'] as const);
    const draws = [
      ...(which === 'node' ? [] : [random.pick(REDIS_FAULTS)]),
      ...(which === 'redis' ? [] : [random.pick(NODE_FAULTS)]),
    ];
    return { afterMs: random.whole(0, 1_500), faults: draws.map((draw) => draw(random)) };
  });
}

/** `Redis paused 1.2 s + a node killed and replaced, then ...` */
export function describeSchedule(schedule: Schedule): string {
  return schedule.map(({ faults }) => faults.map(({ name }) => name).join(' + ')).join(', then ');
}

export async function carryOut(schedule: Schedule, scene: Scene): Promise<void> {
  for (const { afterMs, faults } of schedule) {
    await delay(afterMs);
    scene.story.note(faults.map(({ name }) => name).join(' + '));
    await Promise.all(faults.map((fault) => fault.inflict(scene)));
  }
}

function lasting(
  what: string,
  mostSeconds: number,
  inflict: (scene: Scene, seconds: number) => Promise<void>,
): Draw {
  return (random) => {
    const seconds = Math.round(random.between(0.3, mostSeconds) * 10) / 10;
    return {
      name: `${what} for ${seconds} s`,
      inflict: async (scene) => await inflict(scene, seconds),
    };
  };
}

async function replaceNode(scene: Scene): Promise<void> {
  await scene.kill(scene.cluster.node(anyNode(scene)));
  await scene.addNode();
}

/** A random running node. */
function anyNode(scene: Scene): number {
  return scene.cluster.nodes.indexOf(scene.random.pick(scene.running));
}
