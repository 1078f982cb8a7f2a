import { AdminClient } from '@route/admin-api';
import type { RedisTarget } from '@route/redis';
import { CommandError, EXIT, type ExitCode } from './exit-codes.ts';
import { type FoundNodes, type KnownNode, nodesByAdmin } from './nodes.ts';
import type { Output } from './output.ts';
import {
  type Environment,
  parseAddresses,
  readText,
  redisTargetOf,
  secretOf,
} from './redis-options.ts';
import type { RedisSession } from './redis-session.ts';
import { addressOf, parseReceivers, type TokenReceivers } from './token-receivers.ts';

/** Options common to all commands. */
export interface GlobalOptions {
  readonly admin?: string;
  readonly redis?: string;
  readonly namespace?: string;
  readonly tokenFile?: string;
  readonly tokenTo?: string;
  /** Seconds. */
  readonly timeout: number;
  readonly json?: boolean;
}

/** The action of a command; returns the exit status. */
type Action<Args extends readonly unknown[]> = (
  session: Session,
  ...args: Args
) => Promise<ExitCode>;

/** Converts a command's function to its action. */
export type Bind = <Args extends readonly unknown[]>(
  action: Action<Args>,
) => (...args: Args) => Promise<void>;

/** Where npm start and a node's defaults have the first node. */
const DEFAULT_ADMIN = '127.0.0.1:9200';

/** One run of a command: cluster, token and output. */
export class Session {
  readonly output: Output;
  readonly timeoutMs: number;
  readonly #options: GlobalOptions;
  readonly #environment: Environment;

  constructor(options: GlobalOptions, environment: Environment, output: Output) {
    this.output = output;
    this.timeoutMs = options.timeout * 1000;
    this.#options = options;
    this.#environment = environment;
  }

  /**
   * Finds all nodes: by --admin or ROUTE_ADMIN, else by the Redis that is given, else by the node
   * that stands at the default address.
   * @throws CommandError when nothing answers.
   */
  async findNodes(): Promise<FoundNodes> {
    const { admin, redis } = this.#options;
    const ofEnvironment = redis === undefined ? (this.#environment['ROUTE_ADMIN'] ?? '') : '';
    if (admin !== undefined) return await this.#byAdmin('--admin', admin);
    if (ofEnvironment !== '') return await this.#byAdmin('ROUTE_ADMIN', ofEnvironment);
    const target = this.redisTarget;
    if (target !== undefined) {
      await using redis = await this.openRedis(target);
      const found = await redis.findNodes(this.#clientOf);
      if (found.nodes.length > 0) return found;
      throw new CommandError(
        EXIT.unreachable,
        `no node is registered in namespace ${JSON.stringify(this.namespace)} of that Redis: ` +
          'expected another --namespace?',
      );
    }
    try {
      return await nodesByAdmin([DEFAULT_ADMIN], this.#clientOf);
    } catch (error) {
      if (!(error instanceof CommandError)) throw error;
      throw new CommandError(
        error.exitCode,
        `${error.message}. Give the address of a node with --admin host:port (or ROUTE_ADMIN), ` +
          'or its Redis with --redis URL (or REDIS_URL)',
      );
    }
  }

  /** Finds a live node by its id, the start of its id, or its address. @throws CommandError */
  async findNode(name: string): Promise<KnownNode> {
    const live = await this.findLive();
    const exact = live.filter(
      ({ node, info, admin }) =>
        node === name || info?.listen === name || info?.admin === name || admin?.address === name,
    );
    const fitting = exact.length > 0 ? exact : live.filter(({ node }) => node?.startsWith(name));
    const [one, another] = fitting;
    if (one !== undefined && another === undefined) return one;
    const names = (fitting.length > 0 ? fitting : live).map(({ node }) => node ?? '?').join(', ');
    const problem = one === undefined ? 'is none of the live nodes' : 'may be several nodes';
    throw new CommandError(
      EXIT.usage,
      `${JSON.stringify(name)} ${problem}: expected one of ${names}`,
    );
  }

  /** All live nodes, or the one of this name. */
  async findLive(name?: string): Promise<readonly KnownNode[]> {
    if (name !== undefined) return [await this.findNode(name)];
    const { nodes } = await this.findNodes();
    return nodes.filter(({ alive }) => alive);
  }

  /** Finds a live node as {@link findNode} does, to ask it for a change. @throws CommandError */
  async findAdmin(name: string): Promise<{ readonly node: string; readonly admin: AdminClient }> {
    const { node = name, admin } = await this.findNode(name);
    if (admin !== undefined) return { node, admin };
    throw new CommandError(EXIT.unreachable, `${node} has not published an admin address`);
  }

  get namespace(): string {
    return this.#options.namespace ?? this.#environment['ROUTE_NAMESPACE'] ?? 'route';
  }

  /** Which Redis was given; undefined where none was. */
  get redisTarget(): RedisTarget | undefined {
    return redisTargetOf(this.#options.redis, this.#environment);
  }

  async openRedis(target: RedisTarget, namespace = this.namespace): Promise<RedisSession> {
    // Redis code takes as long to load as all the rest: most commands do not need it.
    const { RedisSession } = await import('./redis-session.ts');
    return await RedisSession.open(target, { namespace, timeoutMs: this.timeoutMs });
  }

  async #byAdmin(name: string, text: string): Promise<FoundNodes> {
    const addresses = parseAddresses(name, text).map(({ host, port }) => addressOf(host, port));
    return await nodesByAdmin(addresses, this.#clientOf);
  }

  /** The token is sent only to addresses that the operator has declared as a node's. */
  readonly #clientOf = (address: string, node?: string): AdminClient => {
    const token = this.#token;
    const options = { address, timeoutMs: this.timeoutMs, ...(node !== undefined && { node }) };
    if (token === '') return new AdminClient(options);
    if (this.#receivers.has(address)) return new AdminClient({ ...options, token });
    const withheld =
      `the token is not sent to ${address}, which only the node registry names: ` +
      `use --token-to ${address}, or its network, if ${node ?? 'a node'} is there`;
    return new AdminClient({ ...options, withheld });
  };

  /** The addresses that the operator has given, for any lookup of nodes. */
  get #receivers(): TokenReceivers {
    const { admin, redis, tokenTo } = this.#options;
    const [name, text] =
      tokenTo === undefined
        ? (['ROUTE_ADMIN_TOKEN_TO', this.#environment['ROUTE_ADMIN_TOKEN_TO'] ?? ''] as const)
        : (['--token-to', tokenTo] as const);
    const receivers = parseReceivers(name, text);
    const given = admin ?? (redis === undefined ? this.#environment['ROUTE_ADMIN'] : undefined);
    for (const { host, port } of parseAddresses('--admin', given || DEFAULT_ADMIN)) {
      receivers.add(addressOf(host, port));
    }
    return receivers;
  }

  get #token(): string {
    const { tokenFile } = this.#options;
    if (tokenFile !== undefined) return readText('--token-file', tokenFile).trim();
    return secretOf('ROUTE_ADMIN_TOKEN', this.#environment);
  }
}
