import { createServer, type Server } from 'node:net';
import type { Address } from '../config/settings.ts';

/**
 * Starts a server listening. Later failures, as in accepting a connection without a descriptor or
 * memory, go to `failed`: they must not end the process.
 * @returns the actual address, where port 0 was given.
 * @throws the socket's error when the address is not available.
 */
export async function listenOn(
  server: Server,
  { host, port }: Address,
  failed: (error: Error) => void,
): Promise<Address> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      server.on('error', failed);
      resolve();
    });
  });
  const bound = server.address();
  return { host, port: typeof bound === 'object' && bound !== null ? bound.port : port };
}

/** Checks that an address can be listened on now. @throws the socket's error when it cannot. */
export async function checkListening(address: Address): Promise<void> {
  const server = createServer((socket) => socket.destroy());
  await listenOn(server, address, () => {});
  await new Promise<void>((resolve) => server.close(() => resolve()));
}
