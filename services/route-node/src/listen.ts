import type { Server } from 'node:net';
import type { Address } from './settings.ts';

/**
 * Has a server listen.
 * @returns the address really listened on, where port 0 was asked for.
 * @throws the socket's error when the address cannot be had.
 */
export async function listenOn(server: Server, { host, port }: Address): Promise<Address> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
  const bound = server.address();
  return { host, port: typeof bound === 'object' && bound !== null ? bound.port : port };
}
