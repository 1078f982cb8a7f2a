import { askServer } from '@route/fixtures';
import { presenceKeys } from '@route/presence';
import { type Cluster, type NodeEnv, type RouteNode, startCluster } from '../../harness/index.ts';
import type { Reading } from '../scenario.ts';
import type { BenchRedis } from '../subjects/redis.ts';
import { coresReading, usageDuring, type Watched } from '../usage.ts';
import { MASTER_PDU } from './pdus.ts';
import { PresenceLink } from './presence-link.ts';

/** The setup for presence measurements: route nodes over a Redis, and links of this process. */
export class Stage implements AsyncDisposable {
  readonly redis: BenchRedis;
  readonly #cluster: Cluster;
  readonly #links: PresenceLink[] = [];

  private constructor(redis: BenchRedis, cluster: Cluster) {
    this.redis = redis;
    this.#cluster = cluster;
  }

  static async start(redis: BenchRedis, nodes: number, env: NodeEnv): Promise<Stage> {
    return new Stage(redis, await startCluster({ nodes, redisUrl: redis.url, env }));
  }

  get nodes(): readonly RouteNode[] {
    return this.#cluster.nodes;
  }

  get watched(): Watched {
    return { pids: this.nodes.map(({ pid }) => pid), redisPort: this.redis.port };
  }

  /** Opens a link to a node by its index, as its msg_server's master. */
  async link(node: number): Promise<PresenceLink> {
    const { host, port } = this.#cluster.node(node);
    const link = await PresenceLink.open({ host, port });
    this.#links.push(link);
    link.write(MASTER_PDU);
    return link;
  }

  /** Users known to Redis. */
  async usersInRedis(): Promise<number> {
    const { namespace } = this.#cluster;
    const counts = presenceKeys(namespace).map(({ users }) => `redis.call('HLEN', '${users}')`);
    const [users] = await askServer(this.redis.port, ['EVAL', `return ${counts.join(' + ')}`, '0']);
    return Number(users);
  }

  /** Redis's used_memory in bytes. */
  async redisBytes(): Promise<number> {
    const [info = ''] = await askServer(this.redis.port, ['INFO', 'memory']);
    return Number(/^used_memory:(\d+)/m.exec(info)?.[1]);
  }

  /** Runs an action; returns its duration, and the processor time used meanwhile. */
  async timed(work: () => Promise<void>): Promise<{ seconds: number; cores: Reading }> {
    const { result, usage } = await usageDuring(this.watched, async () => {
      const startedAt = performance.now();
      const before = process.cpuUsage();
      await work();
      const { user, system } = process.cpuUsage(before);
      const seconds = (performance.now() - startedAt) / 1000;
      return { seconds, loadCores: (user + system) / 1e6 / seconds };
    });
    const cores = coresReading(usage, result.loadCores, this.watched);
    return { seconds: result.seconds, cores };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const link of this.#links) link.close();
    // A killed node writes no profile.
    for (const node of this.nodes) node.signal('SIGTERM');
    await Promise.all(this.nodes.map(({ exited }) => exited));
    await this.#cluster[Symbol.asyncDispose]();
  }
}
