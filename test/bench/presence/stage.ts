import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  findFreePort,
  findRedisServer,
  type RunningNode,
  startNode,
  startPrivateRedis,
} from '@route/local-cluster';
import { createServerClient, type Redis, SHARD_TAGS } from '@route/redis';
import { LoadLink } from './load-link.ts';
import { masterPdu } from './pdus.ts';

/** A Redis and some nodes, each a process of its own. */
export class Stage implements AsyncDisposable {
  readonly redis: Redis;
  readonly #nodes: RunningNode[];
  readonly #stop: () => Promise<void>;
  readonly #links: LoadLink[] = [];

  constructor(redis: Redis, nodes: RunningNode[], stop: () => Promise<void>) {
    this.redis = redis;
    this.#nodes = nodes;
    this.#stop = stop;
  }

  static async start(nodeCount: number): Promise<Stage> {
    const program = await findRedisServer();
    if (program === undefined) throw new Error('no redis-server on the PATH');
    const folder = await mkdtemp(join(tmpdir(), 'route-bench-'));
    const server = await startPrivateRedis(program);
    const nodes: RunningNode[] = [];
    const redis = createServerClient({
      target: { kind: 'single', url: server.url },
      commandTimeoutMs: 5000,
      connectTimeoutMs: 5000,
      connectionName: 'bench',
    });
    const stop = async (): Promise<void> => {
      redis.disconnect();
      for (const { child } of nodes) await child.stop(8000);
      await server.stop();
      await rm(folder, { recursive: true, force: true });
    };
    try {
      await redis.connect();
      for (let i = 0; i < nodeCount; i++) {
        const start = await startNode({
          listen: `127.0.0.1:${await findFreePort()}`,
          adminListen: `127.0.0.1:${await findFreePort()}`,
          logFile: join(folder, `node-${i}.log`),
          env: {
            REDIS_URL: server.url,
            NODE_OPTIONS: process.env['BENCH_NODE_OPTIONS'] ?? '',
          },
        });
        if ('failed' in start) throw new Error(start.failed);
        nodes.push(start.node);
      }
    } catch (error) {
      await stop();
      throw error;
    }
    return new Stage(redis, nodes, stop);
  }

  get nodeCount(): number {
    return this.#nodes.length;
  }

  async link(node: number): Promise<LoadLink> {
    const [host = '', port = ''] = this.#node(node).spec.listen.split(':');
    const link = await LoadLink.open({ host, port: Number(port) });
    this.#links.push(link);
    link.write(masterPdu());
    return link;
  }

  async metrics(node: number): Promise<Map<string, number>> {
    const answer = await fetch(`http://${this.#node(node).spec.adminListen}/metrics`);
    const values = new Map<string, number>();
    for (const line of (await answer.text()).split('\n')) {
      if (line.startsWith('#') || line === '') continue;
      const space = line.lastIndexOf(' ');
      values.set(line.slice(0, space), Number(line.slice(space + 1)));
    }
    return values;
  }

  async usersInRedis(): Promise<number> {
    const sizes = await Promise.all(
      SHARD_TAGS.map((tag) => this.redis.hlen(`route:{${tag}}:users`)),
    );
    return sizes.reduce((sum, size) => sum + size, 0);
  }

  async redisInfo(section: string): Promise<Map<string, string>> {
    const lines = (await this.redis.info(section)).split('\r\n');
    return new Map(
      lines.map((line) => [line.split(':')[0] ?? '', line.slice(line.indexOf(':') + 1)]),
    );
  }

  #node(index: number): RunningNode {
    const node = this.#nodes[index];
    if (node === undefined) throw new Error(`no node ${index}`);
    return node;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const link of this.#links) link.close();
    await this.#stop();
  }
}
