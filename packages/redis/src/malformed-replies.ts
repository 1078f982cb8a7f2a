import type { Cluster, Redis } from 'ioredis';

/** Frames of the client library in a stack trace. */
const LIBRARY = /[\\/]node_modules[\\/]ioredis[\\/]/;

const clients = new Set<Redis | Cluster>();

/** Registers a client until it has ended. */
export function register<Client extends Redis | Cluster>(client: Client): Client {
  clients.add(client);
  client.on('end', () => clients.delete(client));
  client.on('connecting', () => clients.add(client));
  return client;
}

/**
 * Whether an uncaught exception was raised by the client library itself. It does so on replies that
 * no Redis sends: of another server behind the address, or damaged on the way.
 */
export function isMalformedReply(error: unknown): boolean {
  if (!(error instanceof TypeError)) return false;
  const [, raisedAt = ''] = error.stack?.split('\n') ?? [];
  return LIBRARY.test(raisedAt);
}

/**
 * Makes every connection anew. An exception inside the client library does not name its connection,
 * whose replies no longer belong to its commands.
 */
export function reconnectAll(): void {
  for (const client of clients) client.disconnect(true);
}
