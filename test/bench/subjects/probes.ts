import { fileURLToPath } from 'node:url';
import { uniqueNamespace } from '@route/fixtures';
import type { BenchRedis } from './redis.ts';
import type { RunningSubject, Subject } from './subject.ts';
import { type SubjectProcess, startSubjectProcess } from './subject-process.ts';

/** The cost of relaying alone on Node: no presence, no limits, no other node. */
export const bareRelay: Subject = {
  name: 'bare relay',
  dialect: 'route',
  relays: true,
  start: async () => running([await startProbe('bare-relay', [])]),
};

/** Two such relays over Redis pub/sub. */
export function bareRelaysOverRedis(redis: BenchRedis): Subject {
  return {
    name: '2 bare relays over Redis',
    dialect: 'route',
    relays: true,
    start: async () => {
      await using stack = new AsyncDisposableStack();
      const name = uniqueNamespace();
      const start = async (number: string): Promise<SubjectProcess> =>
        stack.use(await startProbe('bare-redis-relay', [redis.url, name, number]));
      const probes = await Promise.all([start('0'), start('1')]);
      const held = stack.move();
      const dispose = (): Promise<void> => held.disposeAsync();
      return { ...running(probes), redisPort: redis.port, [Symbol.asyncDispose]: dispose };
    },
  };
}

/** The load's own limit: links are filled as fast as they read, without a relay. */
export function loadAlone(pduBytes: number): Subject {
  return {
    name: 'the load alone',
    dialect: 'route',
    relays: false,
    start: async () => running([await startProbe('pump', [String(pduBytes)])]),
  };
}

/** Runs a program of peers/, which prints the port that it listens on. */
async function startProbe(name: string, args: readonly string[]): Promise<SubjectProcess> {
  const program = fileURLToPath(new URL(`../peers/${name}.ts`, import.meta.url));
  const spec = { command: process.execPath, args: [program, ...args] };
  return await startSubjectProcess(spec, /^\d+\n?$/);
}

function running(probes: readonly SubjectProcess[]): RunningSubject {
  return {
    targets: probes.map(({ told }) => ({ host: '127.0.0.1', port: Number(told) })),
    pids: probes.map(({ pid }) => pid),
    [Symbol.asyncDispose]: async () => {
      await Promise.all(probes.map((probe) => probe[Symbol.asyncDispose]()));
    },
  };
}
