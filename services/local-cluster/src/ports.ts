import { createServer } from 'node:net';

// Below the range of outgoing connections (from 32768 on Linux, 49152 elsewhere):
// a port chosen here stays ours while its server is restarted.
const LEAST_FREE_PORT = 20_000;
const MOST_FREE_PORT = 29_999;
const ATTEMPTS = 200;

/** Whether a server could listen there now. */
export function isPortFree(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(true)));
  });
}

/**
 * Returns a loopback port for a server that cannot listen on port 0. Another process may bind it
 * before the caller does: a caller that fails to listen retries with another.
 */
export async function findFreePort(): Promise<number> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const span = MOST_FREE_PORT - LEAST_FREE_PORT + 1;
    const port = LEAST_FREE_PORT + Math.floor(Math.random() * span);
    if (await isPortFree('127.0.0.1', port)) return port;
  }
  throw new Error(`no free port between ${LEAST_FREE_PORT} and ${MOST_FREE_PORT} on 127.0.0.1`);
}

/** A wanted port and its purpose. */
export interface WantedPort {
  readonly host: string;
  readonly port: number;
  readonly purpose: string;
}

/** Those of the wanted ports that something else listens on already. */
export async function findTakenPorts(wanted: readonly WantedPort[]): Promise<WantedPort[]> {
  const taken: WantedPort[] = [];
  for (const each of wanted) {
    if (!(await isPortFree(each.host, each.port))) taken.push(each);
  }
  return taken;
}
