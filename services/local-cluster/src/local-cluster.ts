import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findStartProblem, type NodeSpec, type RunningNode, spawnNode } from './node-process.ts';
import { findTakenPorts, type WantedPort } from './ports.ts';
import { findRedis, type RedisSource, withoutSecrets } from './redis-source.ts';
import type { StartSettings } from './settings.ts';
import { renderSummary } from './summary.ts';

// Longer than a node's own drain.
const NODE_STOP_GRACE_MS = 30_000;
const ADMIN_HOST = '127.0.0.1';

/** The default folder for logs and data of a LocalCluster: .tmp/local-cluster in the repository. */
export const LOG_FOLDER: string = fileURLToPath(
  new URL('../../../.tmp/local-cluster', import.meta.url),
);

/** Output of a LocalCluster, and its callback for when the last node has exited by itself. */
export interface LocalClusterHooks {
  readonly say: (line: string) => void;
  readonly onAllGone: () => void;
}

/** A Redis and route nodes on this machine, started and stopped together. */
export class LocalCluster {
  readonly #settings: StartSettings;
  readonly #logFolder: string;
  readonly #hooks: LocalClusterHooks;
  #redis: RedisSource | undefined;
  #nodes: readonly RunningNode[] = [];
  #stopping = false;

  constructor(settings: StartSettings, logFolder: string, hooks: LocalClusterHooks) {
    this.#settings = settings;
    this.#logFolder = logFolder;
    this.#hooks = hooks;
  }

  /** The nodes that were started, those that have ended since included. */
  get nodes(): readonly RunningNode[] {
    return this.#nodes;
  }

  /**
   * Starts everything and prints the addresses, or prints the reason of a failure and returns
   * false. In both cases, started processes run until {@link stop}.
   */
  async start(): Promise<boolean> {
    if (!(await this.#portsAreFree())) return false;

    const search = await findRedis(this.#hooks.say);
    if ('refused' in search) {
      this.#hooks.say(search.refused);
      return false;
    }
    if ('found' in search) this.#redis = search.found;
    else this.#hooks.say(explainOneNode(search.missing));
    if (this.#stopping) return false;

    const specs = this.#nodeSpecs('found' in search ? this.#settings.nodeCount : 1);
    const started = await this.#startNodes(specs);
    if (started) this.#saySummary(specs);
    return started;
  }

  /** Stops the nodes in good order, then the Redis if it was started here. */
  async stop(): Promise<void> {
    this.#stopping = true;
    await Promise.all(this.#nodes.map(({ child }) => child.stop(NODE_STOP_GRACE_MS)));
    await this.#redis?.stop();
  }

  /** Kills the nodes, so that a pending {@link stop} ends at once. */
  kill(): void {
    for (const { child } of this.#nodes) child.signal('SIGKILL');
  }

  async #portsAreFree(): Promise<boolean> {
    const { host, firstPort, firstAdminPort, nodeCount } = this.#settings;
    const wanted: WantedPort[] = [];
    for (let index = 0; index < nodeCount; index++) {
      const node = `node ${index + 1}`;
      wanted.push({ host, port: firstPort + index, purpose: `links of ${node}` });
      wanted.push({
        host: ADMIN_HOST,
        port: firstAdminPort + index,
        purpose: `admin HTTP of ${node}`,
      });
    }
    const taken = await findTakenPorts(wanted);
    if (taken.length === 0) return true;
    for (const each of taken) {
      this.#hooks.say(`Port ${each.port} on ${each.host}, for the ${each.purpose}, is in use.`);
    }
    this.#hooks.say(
      'Stop the program that listens there, or choose other ports, for example:\n' +
        `  ROUTE_START_PORT=${firstPort + 100} ROUTE_START_ADMIN_PORT=${firstAdminPort + 100} npm start`,
    );
    return false;
  }

  #nodeSpecs(count: number): NodeSpec[] {
    const { host, firstPort, firstAdminPort, nodeEnv } = this.#settings;
    const engine: NodeJS.ProcessEnv =
      this.#redis === undefined
        ? { ROUTE_ENGINE: 'memory' }
        : { ROUTE_ENGINE: 'redis', REDIS_URL: this.#redis.url };
    return Array.from({ length: count }, (_, index) => ({
      listen: `${host}:${firstPort + index}`,
      adminListen: `${ADMIN_HOST}:${firstAdminPort + index}`,
      logFile: join(this.#logFolder, `node-${firstPort + index}.log`),
      env: { ...nodeEnv, ...engine },
    }));
  }

  async #startNodes(specs: readonly NodeSpec[]): Promise<boolean> {
    await mkdir(this.#logFolder, { recursive: true });
    this.#hooks.say(
      `Starting ${specs.length === 1 ? 'one route node' : `${specs.length} route nodes`} ...`,
    );
    this.#nodes = await Promise.all(specs.map(spawnNode));
    const problems = await Promise.all(this.#nodes.map(findStartProblem));
    if (this.#stopping) return false;
    const found = problems.filter((problem) => problem !== undefined);
    for (const problem of found) this.#hooks.say(problem);
    if (found.length > 0) return false;
    for (const node of this.#nodes) this.#watch(node);
    return true;
  }

  #watch({ spec, child }: RunningNode): void {
    // `exited` never rejects.
    void child.exited.then((how) => {
      if (this.#stopping) return;
      const left = this.#nodes.filter((node) => node.child.exit() === undefined).length;
      this.#hooks.say(
        `The node on ${spec.listen} has ended by itself: ${how}. Log: ${spec.logFile}`,
      );
      this.#hooks.say(left > 0 ? `${left} of ${this.#nodes.length} go on.` : 'No node is left.');
      if (left === 0) this.#hooks.onAllGone();
    });
  }

  #saySummary(nodes: readonly NodeSpec[]): void {
    const redis =
      this.#redis === undefined
        ? 'none: one node alone, with the memory engine'
        : `${withoutSecrets(this.#redis.url)}  (${this.#redis.description})`;
    this.#hooks.say(renderSummary({ nodes, redis, logFolder: this.#logFolder }));
  }
}

function explainOneNode(missing: readonly string[]): string {
  return [
    'No Redis, so no cluster: one node alone will run, with the memory engine.',
    ...missing.map((reason) => `  - ${reason}`),
    'For three nodes install redis-server or valkey-server, or start a container engine, or set',
    'REDIS_URL; then npm start again.',
  ].join('\n');
}
