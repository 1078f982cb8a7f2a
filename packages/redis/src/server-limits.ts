import type { Redis } from 'ioredis';
import type { RedisClient } from './client.ts';
import { primariesOf } from './primaries.ts';

/** Output buffer limit of a server for a subscriber, in bytes; 0: no limit. */
export interface SubscriberLimit {
  readonly hardBytes: number;
  readonly softBytes: number;
  /** For how long the soft limit may be passed. */
  readonly softSeconds: number;
}

/** Server settings that a route node depends on; undefined where they cannot be read. */
export interface ServerLimits {
  readonly address: string;
  readonly version: string;
  /** 0 for no bound. */
  readonly maxMemoryBytes: number;
  readonly usedMemoryBytes: number;
  /** The action at the limit, such as `noeviction`. */
  readonly maxMemoryPolicy: string;
  readonly subscriberLimit: SubscriberLimit | undefined;
}

/**
 * Reads the settings of every primary.
 * @throws the client's error when one does not answer.
 */
export async function readServerLimits(client: RedisClient): Promise<ServerLimits[]> {
  return await Promise.all(primariesOf(client).map(readOne));
}

async function readOne(server: Redis): Promise<ServerLimits> {
  const info = await server.info();
  const field = (name: string): string =>
    new RegExp(`^${name}:(.*?)\\r?$`, 'm').exec(info)?.[1] ?? '';
  return {
    address: addressOf(server),
    version: field('redis_version'),
    maxMemoryBytes: Number(field('maxmemory')),
    usedMemoryBytes: Number(field('used_memory')),
    maxMemoryPolicy: field('maxmemory_policy'),
    subscriberLimit: await readSubscriberLimit(server),
  };
}

/** undefined where the ACL or the provider forbids CONFIG. */
async function readSubscriberLimit(server: Redis): Promise<SubscriberLimit | undefined> {
  const reply: unknown = await server
    .config('GET', 'client-output-buffer-limit')
    .catch((error: unknown) => {
      const refused = error instanceof Error && /^(NOPERM|ERR unknown)/.test(error.message);
      if (!refused) throw error;
    });
  const text = Array.isArray(reply) ? String(reply[1]) : '';
  const [, hard, soft, seconds] = /pubsub (\d+) (\d+) (\d+)/.exec(text) ?? [];
  if (hard === undefined) return undefined;
  return { hardBytes: Number(hard), softBytes: Number(soft), softSeconds: Number(seconds) };
}

/** Of the connection: behind Sentinels a client's own options are not the server's. */
function addressOf({ stream, options }: Redis): string {
  const { remoteAddress = options.host, remotePort = options.port } = stream;
  return `${remoteAddress}:${remotePort}`;
}
