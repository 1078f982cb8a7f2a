import { fileURLToPath } from 'node:url';
import { type Child, startChild } from './child.ts';
import { until } from './until.ts';

const ROUTE_NODE = fileURLToPath(new URL('../../route-node/bin/route-node.js', import.meta.url));
const READY_DEADLINE_MS = 20_000;
const READY_TIMEOUT_MS = 2_000;
const KILL_GRACE_MS = 2_000;
const SHOWN_LOG_LINES = 15;

/** Options of a route node. */
export interface NodeSpec {
  /** host:port for the msg_servers' links. */
  readonly listen: string;
  /** host:port of the admin HTTP server. */
  readonly adminListen: string;
  readonly logFile: string;
  /** Further settings: REDIS_URL, ROUTE_ENGINE and all others of a node. */
  readonly env: NodeJS.ProcessEnv;
  /** The program to run; the project's own by default. */
  readonly program?: string;
}

/** A route node's process. */
export interface RunningNode {
  readonly spec: NodeSpec;
  readonly child: Child;
}

/** Starts a route node; it is not ready yet. */
export async function spawnNode(spec: NodeSpec): Promise<RunningNode> {
  const child = await startChild({
    command: process.execPath,
    args: [spec.program ?? ROUTE_NODE],
    env: {
      ...process.env,
      ...spec.env,
      ROUTE_LISTEN: spec.listen,
      ROUTE_ADMIN_LISTEN: spec.adminListen,
    },
    logFile: spec.logFile,
  });
  return { spec, child };
}

/** Waits until a node is ready for links; otherwise returns the reason as text. */
export async function findStartProblem({ spec, child }: RunningNode): Promise<string | undefined> {
  let lastAnswer = 'nothing';
  await until(async () => {
    if (child.exit() !== undefined) return true;
    lastAnswer = await askReady(spec.adminListen);
    return lastAnswer === READY;
  }, READY_DEADLINE_MS);
  if (child.exit() === undefined && lastAnswer === READY) return undefined;

  const problem =
    child.exit() === undefined
      ? `is not ready after ${READY_DEADLINE_MS / 1000} s; its /readyz answers: ${lastAnswer}`
      : `has ended: ${child.exit()}`;
  const log = (await child.lastLogLines(SHOWN_LOG_LINES)) || '(nothing)';
  return `The node on ${spec.listen} ${problem}\nThe last lines of its log ${spec.logFile}:\n${log}`;
}

/** A node that is ready, or why it is not; in that case no process is left. */
export type NodeStart = { readonly node: RunningNode } | { readonly failed: string };

/** Starts a route node and waits until it is ready. */
export async function startNode(spec: NodeSpec): Promise<NodeStart> {
  const node = await spawnNode(spec);
  const failed = await findStartProblem(node);
  if (failed === undefined) return { node };
  await node.child.stop(KILL_GRACE_MS);
  return { failed };
}

const READY = '200';

/** `200`, another status with the node's reason, or why there is no answer. */
async function askReady(adminListen: string): Promise<string> {
  try {
    const answer = await fetch(`http://${adminListen}/readyz`, {
      signal: AbortSignal.timeout(READY_TIMEOUT_MS),
    });
    const body = await answer.text();
    return answer.status === 200 ? READY : `${answer.status} ${body.trim()}`;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
