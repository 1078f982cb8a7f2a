/**
 * Drains one route node and waits until it has stopped, for a deployment script:
 *   ROUTE_ADMIN_TOKEN_FILE=token node examples/admin-api/drain-node.ts http://10.0.0.5:9200
 * It refuses if no other node of the cluster could take the links. It uses plain HTTP; the schemas
 * only check the answers. Exit status: 0 the node has stopped, 1 it has not, 2 wrong usage.
 */
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { type ClusterNode, ClusterView, DrainResult, ErrorView } from '@route/admin-api';

const REQUEST_TIMEOUT_MS = 5_000;
const POLL_MS = 500;
/** Beside ROUTE_DRAIN_SECONDS: the time for the last link and for the bus. */
const EXTRA_SECONDS = 20;

class Refused extends Error {}

/** Sends one request. Throws `Refused` with the API's message if the answer is an error. */
async function request(url: string, init: RequestInit = {}): Promise<unknown> {
  const answer = await fetch(url, { ...init, signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS) });
  const body: unknown = await answer.json();
  if (answer.ok) return body;
  const { code, error } = ErrorView.parse(body);
  throw new Refused(`${url}: ${answer.status} ${code}: ${error}`);
}

function readToken(): string | undefined {
  const file = process.env['ROUTE_ADMIN_TOKEN_FILE'];
  return file === undefined ? process.env['ROUTE_ADMIN_TOKEN'] : readFileSync(file, 'utf8').trim();
}

/** The nodes that can take links when this one goes. */
async function otherNodes(admin: string): Promise<ClusterNode[]> {
  const { nodes } = ClusterView.parse(await request(`${admin}/api/v1/cluster`));
  return nodes.filter(({ self, alive, info }) => !self && alive && info !== null && !info.draining);
}

/** Whether the process has stopped: nothing accepts connections at its admin address. */
async function hasStopped(admin: string): Promise<boolean> {
  try {
    await fetch(`${admin}/healthz`, { signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS) });
    return false;
  } catch (error) {
    const cause = error instanceof Error ? error.cause : undefined;
    return cause instanceof Error && 'code' in cause && cause.code === 'ECONNREFUSED';
  }
}

async function drain(admin: string, token: string): Promise<void> {
  const others = await otherNodes(admin);
  if (others.length === 0) throw new Refused('no other node takes links: not drained');
  const init = { method: 'POST', headers: { authorization: `Bearer ${token}` } };
  const answer = await request(`${admin}/api/v1/drain`, init);
  const { node, links, overSeconds } = DrainResult.parse(answer);
  console.log(`${node} drains: ${links} links over ${overSeconds} s`);
  const deadline = Date.now() + (overSeconds + EXTRA_SECONDS) * 1_000;
  while (!(await hasStopped(admin))) {
    if (Date.now() > deadline) throw new Refused(`${node} still runs: look at its log`);
    await delay(POLL_MS);
  }
  console.log(`${node} has stopped`);
}

const [, , admin] = process.argv;
const token = readToken();
if (admin === undefined || !/^https?:\/\//.test(admin) || token === undefined) {
  console.error('usage: ROUTE_ADMIN_TOKEN=... node drain-node.ts http://HOST:PORT');
  process.exit(2);
}
try {
  await drain(admin.replace(/\/+$/, ''), token);
} catch (error) {
  console.error(error instanceof Refused ? error.message : `cannot reach ${admin}: ${error}`);
  process.exit(1);
}
