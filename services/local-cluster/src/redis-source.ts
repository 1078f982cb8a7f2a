import { readFile } from 'node:fs/promises';
import { redisAnswers } from './ask-redis.ts';
import { guardOrphan } from './orphan-guard.ts';
import { runCommand } from './programs.ts';
import { findRedisServer, startPrivateRedis, WRITES_NOTHING } from './redis-child.ts';
import { until } from './until.ts';

/** The image that stands for Redis in containers, here and in the tests. */
export const REDIS_IMAGE = 'redis:7-alpine';

const ENGINE_DEADLINE_MS = 5_000;
const PULL_DEADLINE_MS = 120_000;
const CONTAINER_DEADLINE_MS = 15_000;
const APT_DEADLINE_MS = 300_000;

/** A Redis to use, and how to release it. */
export interface RedisSource {
  readonly url: string;
  /** Its description for the user. */
  readonly description: string;
  /** Stops it if it was started here; a Redis that was running before stays up. */
  readonly stop: () => Promise<void>;
}

/**
 * Result of one source of a Redis. `missing` continues with the next source; `refused` stops: a
 * Redis given by name is not quietly replaced.
 */
export type RedisAttempt =
  | { readonly found: RedisSource }
  | { readonly missing: string }
  | { readonly refused: string };

/** One source of a Redis. `say` prints lines for the user. */
export type RedisWay = (say: (line: string) => void) => Promise<RedisAttempt>;

/** Result of the search; `missing` has one reason per source. */
type RedisSearch =
  | { readonly found: RedisSource }
  | { readonly missing: readonly string[] }
  | { readonly refused: string };

/** The sources in order: the cheapest for the machine comes first. */
export const REDIS_WAYS: readonly RedisWay[] = [
  redisFromUrl,
  redisFromPath,
  redisFromContainer,
  redisFromApt,
];

/** Tries one way after the other until one gives a Redis. */
export async function findRedis(
  say: (line: string) => void,
  ways: readonly RedisWay[] = REDIS_WAYS,
): Promise<RedisSearch> {
  const missing: string[] = [];
  for (const way of ways) {
    const attempt = await way(say);
    if (!('missing' in attempt)) return attempt;
    missing.push(attempt.missing);
  }
  return { missing };
}

/** The Redis that REDIS_URL names. */
export async function redisFromUrl(): Promise<RedisAttempt> {
  const url = process.env['REDIS_URL'] ?? '';
  if (url === '') return { missing: 'REDIS_URL is not set' };
  if (!/^rediss?:$/.test(URL.parse(url)?.protocol ?? '')) {
    return { refused: `REDIS_URL is "${url}", expected redis://host:port or rediss://host:port` };
  }
  if (!(await redisAnswers(url))) {
    return {
      refused: `REDIS_URL is set, but no Redis answers at ${withoutSecrets(url)}. Start it, or unset REDIS_URL.`,
    };
  }
  return { found: { url, description: 'the one REDIS_URL names', stop: async () => {} } };
}

/** A redis-server or valkey-server of this machine, run as a private child. */
export async function redisFromPath(): Promise<RedisAttempt> {
  const program = await findRedisServer();
  if (program === undefined) return { missing: 'no redis-server or valkey-server on the PATH' };
  try {
    const { url, stop } = await startPrivateRedis(program);
    return { found: { url, description: `a private ${program}`, stop } };
  } catch (error) {
    return { missing: error instanceof Error ? error.message : String(error) };
  }
}

/** A container, where a Docker engine answers and has the image or can get it. */
export async function redisFromContainer(say: (line: string) => void): Promise<RedisAttempt> {
  const engine = await runCommand('docker', ['info'], ENGINE_DEADLINE_MS);
  if (!engine.ok) return { missing: 'no container engine answers (docker info)' };

  const present = await runCommand('docker', ['image', 'inspect', REDIS_IMAGE], ENGINE_DEADLINE_MS);
  if (!present.ok) {
    say(`Fetching the container image ${REDIS_IMAGE} ...`);
    const pull = await runCommand('docker', ['pull', '--quiet', REDIS_IMAGE], PULL_DEADLINE_MS);
    if (!pull.ok) {
      say(`It cannot be had: ${pull.reason}`);
      return { missing: `the container image ${REDIS_IMAGE} is not here and cannot be had` };
    }
  }

  const command = ['redis-server', ...WRITES_NOTHING];
  const args = ['run', '-d', '--rm', '-p', '127.0.0.1::6379', REDIS_IMAGE, ...command];
  const guard = guardOrphan('docker rm -f -v "$subject"');
  const run = await runCommand('docker', args, CONTAINER_DEADLINE_MS);
  if (!run.ok) {
    guard.release();
    return { missing: `a Redis container does not start: ${run.reason}` };
  }
  const id = run.output;
  guard.protect(id);
  const stop = async (): Promise<void> => {
    await runCommand('docker', ['rm', '-f', '-v', id], CONTAINER_DEADLINE_MS);
    guard.release();
  };

  const port = await runCommand('docker', ['port', id, '6379/tcp'], ENGINE_DEADLINE_MS);
  const url = `redis://${port.ok ? port.output : ''}`;
  if (!port.ok || !(await until(() => redisAnswers(url), CONTAINER_DEADLINE_MS))) {
    await stop();
    return { missing: 'a Redis container was started, but does not answer' };
  }
  const description = `container ${id.slice(0, 12)} (${REDIS_IMAGE})`;
  return { found: { url, description, stop } };
}

/** The package redis-server, installed on a Debian machine with administrator rights. */
export async function redisFromApt(say: (line: string) => void): Promise<RedisAttempt> {
  const system = await readFile('/etc/os-release', 'utf8').catch(() => '');
  const apt = await runCommand('apt-get', ['--version'], ENGINE_DEADLINE_MS);
  if (!/^ID(_LIKE)?=.*(debian|ubuntu)/m.test(system) || !apt.ok) {
    return { missing: 'not a Debian machine, so no package is installed here' };
  }
  const isRoot = process.getuid?.() === 0;
  if (!isRoot && !(await runCommand('sudo', ['-n', 'true'], ENGINE_DEADLINE_MS)).ok) {
    return { missing: 'the package redis-server is not installed, and installing it needs root' };
  }
  // RUNLEVEL=1 keeps the package from starting a service; only a private Redis is needed.
  const environment = ['env', 'RUNLEVEL=1', 'DEBIAN_FRONTEND=noninteractive', 'apt-get'];
  const [command = 'env', ...prefix] = isRoot ? environment : ['sudo', '-n', ...environment];
  const aptGet = (...args: string[]): ReturnType<typeof runCommand> =>
    runCommand(
      command,
      [...prefix, '-qq', '-o', 'DPkg::Lock::Timeout=120', ...args],
      APT_DEADLINE_MS,
    );
  const install = ['install', '-y', '--no-install-recommends', 'redis-server'];

  say('Installing the Debian package redis-server (apt-get install); no service is started ...');
  let result = await aptGet(...install);
  if (!result.ok) {
    await aptGet('update');
    result = await aptGet(...install);
  }
  if (!result.ok) return { missing: `apt-get cannot install redis-server: ${result.reason}` };
  return await redisFromPath();
}

/** The URL of a Redis as it may be shown. */
export function withoutSecrets(url: string): string {
  const shown = new URL(url);
  shown.username = '';
  shown.password = '';
  return shown.href;
}
