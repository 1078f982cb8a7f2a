import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { redisAnswers } from './ask-redis.ts';
import { type Child, startChild } from './child.ts';
import { findFreePort } from './ports.ts';
import { findProgram } from './programs.ts';
import { until } from './until.ts';

const PROGRAMS = ['redis-server', 'valkey-server'];
const START_DEADLINE_MS = 30_000;
const STOP_GRACE_MS = 5_000;
const PORT_ATTEMPTS = 5;

/** Arguments of a Redis that writes nothing to disk of its own accord. */
export const WRITES_NOTHING = ['--save', '', '--appendonly', 'no'] as const;

/** The first redis-server or valkey-server on the PATH, if there is one. */
export async function findRedisServer(
  path = process.env['PATH'] ?? '',
): Promise<string | undefined> {
  return await findProgram(PROGRAMS, path.split(delimiter));
}

/** Folder and port of a private Redis, so that it can be restarted there. */
export interface RedisPlace {
  readonly program: string;
  readonly directory: string;
  readonly port: number;
  /** Appended to the command line: `['--maxmemory', '10mb']`. */
  readonly args: readonly string[];
}

/** Why a Redis did not start: its port is in use, or a reason that another port does not solve. */
type RedisStart =
  | { readonly child: Child }
  | { readonly portTaken: boolean; readonly reason: string };

/** Starts a Redis on loopback that writes nothing to disk of its own accord. */
export async function startRedisAt(place: RedisPlace): Promise<RedisStart> {
  const { program, directory, port, args } = place;
  const child = await startChild({
    command: program,
    args: [
      ...WRITES_NOTHING,
      '--bind',
      '127.0.0.1',
      '--port',
      `${port}`,
      '--dir',
      directory,
      ...args,
    ],
    logFile: join(directory, 'redis.log'),
  });
  // Another program on that port may answer in place of a child that is about to exit.
  const ready = (): Promise<boolean> => redisAnswers(`redis://127.0.0.1:${port}`);
  await until(async () => child.exit() !== undefined || (await ready()), START_DEADLINE_MS);
  const log = await child.lastLogLines(5);
  if (child.exit() === undefined && (await ready()) && !isPortTaken(log)) return { child };
  await child.stop(STOP_GRACE_MS);
  return { portTaken: isPortTaken(log), reason: `${program} did not start:\n${log}` };
}

function isPortTaken(log: string): boolean {
  return log.includes('Address already in use');
}

/** A Redis of our own, a child of this process. */
export interface PrivateRedis {
  readonly url: string;
  readonly place: RedisPlace;
  readonly child: Child;
  readonly stop: () => Promise<void>;
}

/**
 * Starts a Redis on a free loopback port, in a temporary folder that is removed with it.
 * @throws Error with its last output lines when it does not start.
 */
export async function startPrivateRedis(
  program: string,
  args: readonly string[] = [],
): Promise<PrivateRedis> {
  const directory = await mkdtemp(join(tmpdir(), 'route-redis-'));
  for (let attempt = 1; ; attempt++) {
    const place = { program, directory, port: await findFreePort(), args };
    const start = await startRedisAt(place);
    if ('child' in start) {
      const stop = async (): Promise<void> => {
        await start.child.stop(STOP_GRACE_MS);
        await rm(directory, { recursive: true, force: true });
      };
      return { url: `redis://127.0.0.1:${place.port}`, place, child: start.child, stop };
    }
    if (start.portTaken && attempt < PORT_ATTEMPTS) continue;
    await rm(directory, { recursive: true, force: true });
    throw new Error(start.reason);
  }
}
