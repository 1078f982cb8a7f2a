import type { RedisClient } from './client.ts';
import { primariesOf } from './primaries.ts';

/** A client that a server publishes to. */
export interface Subscriber {
  readonly server: string;
  /** As the client has named itself. */
  readonly name: string;
  readonly address: string;
  /** Output buffer of the connection, in bytes. */
  readonly outputBytes: number;
}

/**
 * Reads the subscribers from every primary; undefined where that is forbidden.
 * @throws the client's error when one does not answer.
 */
export async function readSubscribers(client: RedisClient): Promise<Subscriber[] | undefined> {
  try {
    const lists = await Promise.all(
      primariesOf(client).map(async (server) => {
        const reply: unknown = await server.call('CLIENT', 'LIST', 'TYPE', 'PUBSUB');
        const { host, port } = server.options;
        return parseClients(String(reply)).map((fields) => ({
          server: `${host}:${port}`,
          name: fields.get('name') ?? '',
          address: fields.get('addr') ?? '',
          outputBytes: Number(fields.get('omem') ?? 0),
        }));
      }),
    );
    return lists.flat();
  } catch (error) {
    if (error instanceof Error && /^(NOPERM|ERR unknown)/.test(error.message)) return undefined;
    throw error;
  }
}

/** A line a client, each of `name=value` with spaces between. */
function parseClients(text: string): ReadonlyMap<string, string>[] {
  return text
    .split('\n')
    .filter((line) => line.includes('='))
    .map((line) => {
      const fields = line.trim().split(' ');
      return new Map(
        fields.map((field) => {
          const at = field.indexOf('=');
          return [field.slice(0, at), field.slice(at + 1)] as const;
        }),
      );
    });
}
