import {
  type AdminClient,
  ApiRefusal,
  type ClusterNode,
  type ClusterView,
  Unreachable,
} from '@route/admin-api';
import { CommandError, EXIT } from './exit-codes.ts';

/** A known node, and how to reach it. */
export interface KnownNode {
  /** Its id; undefined for an address that has not answered. */
  readonly node: string | undefined;
  readonly alive: boolean;
  /** undefined without a known lease. */
  readonly leaseLeftMs: number | undefined;
  readonly info: ClusterNode['info'];
  /** undefined for one that is gone, or has not published its address. */
  readonly admin: AdminClient | undefined;
}

/** All nodes that were found. */
export interface FoundNodes {
  /** By id; addresses that have not answered last. */
  readonly nodes: readonly KnownNode[];
  /** Redis's clock at the time of the query; undefined where unknown. */
  readonly redisNowMs: number | undefined;
}

/**
 * An answer of a node, or the reason for none: a node that does not answer is a result, not an
 * error.
 */
export type Answer<T> =
  | { readonly kind: 'answered'; readonly value: T }
  | { readonly kind: 'silent'; readonly why: string };

/** Creates the request function of an address; with the expected node id, where known. */
export type ClientOf = (address: string, node?: string) => AdminClient;

/**
 * All nodes, by asking the given ones: each of them knows the others.
 * @throws CommandError when none of them answers.
 */
export async function nodesByAdmin(
  addresses: readonly string[],
  clientOf: ClientOf,
): Promise<FoundNodes> {
  const asked = await Promise.all(
    addresses.map(async (address) => ({ address, answer: await ask(clientOf(address), cluster) })),
  );
  const views = asked.flatMap(({ address, answer }) =>
    answer.kind === 'answered' ? [{ address, view: answer.value }] : [],
  );
  if (views.length === 0) {
    const why = asked.map(({ answer }) => (answer.kind === 'silent' ? answer.why : '')).join('; ');
    throw new CommandError(EXIT.unreachable, why);
  }
  const nodes = new Map<string, KnownNode>();
  for (const { view } of views) {
    for (const entry of view.nodes) nodes.set(entry.node, known(entry, clientOf));
  }
  // The given address works from here, whatever address the node publishes.
  for (const { address, view } of views) {
    const own = nodes.get(view.node);
    if (own !== undefined) nodes.set(view.node, { ...own, admin: clientOf(address, view.node) });
  }
  const silent = asked.flatMap(({ address, answer }) =>
    answer.kind === 'silent' && !isAt(address, nodes) ? [unknownAt(address, clientOf)] : [],
  );
  const redisNowMs = views.find(({ view }) => view.redisNowMs !== null)?.view.redisNowMs;
  return { nodes: [...sorted(nodes), ...silent], redisNowMs: redisNowMs ?? undefined };
}

/** Asks one node; that it does not answer, or cannot, is the answer. */
export async function ask<T>(
  admin: AdminClient | undefined,
  question: (admin: AdminClient) => Promise<T>,
): Promise<Answer<T>> {
  if (admin === undefined) return { kind: 'silent', why: 'it has not published an admin address' };
  try {
    return { kind: 'answered', value: await question(admin) };
  } catch (error) {
    // A bad request is the caller's error.
    const isQuestion = error instanceof ApiRefusal && error.code === 'bad-request';
    if (isQuestion || !(error instanceof Unreachable || error instanceof ApiRefusal)) throw error;
    return { kind: 'silent', why: refusalText(error) };
  }
}

async function cluster(admin: AdminClient): Promise<ClusterView> {
  try {
    return await admin.cluster();
  } catch (error) {
    // While Redis is down a node still reports its own state.
    if (!(error instanceof ApiRefusal && error.code === 'redis-away')) throw error;
    const { node, namespace } = await admin.node();
    const self = { node, self: true, alive: true, leaseLeftMs: null, info: null };
    return { node, namespace, redisNowMs: null, nodes: [self] };
  }
}

/** A node as another one, or Redis, knows it. */
export function known(
  { node, alive, leaseLeftMs, info }: ClusterNode,
  clientOf: ClientOf,
): KnownNode {
  const admin = info === null || !alive ? undefined : clientOf(info.admin, node);
  return { node, alive, leaseLeftMs: leaseLeftMs ?? undefined, info, admin };
}

function unknownAt(address: string, clientOf: ClientOf): KnownNode {
  const admin = clientOf(address);
  return { node: undefined, alive: true, leaseLeftMs: undefined, info: null, admin };
}

/** Whether a silent node had announced its drain: its lease then runs out. */
export function hasLeft({ info }: KnownNode, answer: Answer<unknown>): boolean {
  return answer.kind === 'silent' && info?.draining === true;
}

/** The text of a refusal. */
export function refusalText(error: Unreachable | ApiRefusal): string {
  if (!(error instanceof ApiRefusal) || error.code !== 'token-missing') return error.message;
  return 'it requires its token: set ROUTE_ADMIN_TOKEN or ROUTE_ADMIN_TOKEN_FILE, or use --token-file';
}

function isAt(address: string, nodes: ReadonlyMap<string, KnownNode>): boolean {
  return [...nodes.values()].some(({ info }) => info?.admin === address);
}

function sorted(nodes: ReadonlyMap<string, KnownNode>): KnownNode[] {
  return [...nodes].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, node]) => node);
}
