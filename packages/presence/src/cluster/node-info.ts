import { isNodeId } from '../redis/keys.ts';

/** Info that a node publishes to all others with each renewal of its lease. */
export interface NodeInfo {
  readonly node: string;
  /** The address of its admin port for other nodes, as host:port. */
  readonly admin: string;
  /** The address for msg_servers, as host:port. Null while the node accepts no links. */
  readonly listen: string | null;
  readonly links: number;
  /** Links that were asked to connect to another node and may not have done so yet. */
  readonly leaving: number;
  readonly draining: boolean;
  /** Start time, in ms since 1970 by the node's own clock. */
  readonly startedAtMs: number;
  readonly version: string;
  /** The length of its lease, published with it. */
  readonly leaseMs?: number;
}

/** The longest record that a node writes. A longer one was written by something else. */
export const MAX_NODE_INFO_BYTES = 4096;

/** The longest lease. A record with a longer one was not written by a node. */
const LONGEST_LEASE_MS = 300_000;

/** More links than any machine has; the last moment of the year 9999. */
const MOST_LINKS = 10_000_000;
const LAST_MS = 253_402_300_799_999;

/** host:port, without user, path, control characters or anything that changes a URL's meaning. */
const ADDRESS = /^(?:\[[0-9A-Fa-f:.]{2,45}\]|[A-Za-z0-9_.-]{1,253}):(\d{1,5})$/;
const VERSION = /^[0-9A-Za-z.+-]{1,64}$/;

/**
 * Parses the info that a node publishes, without fields that later releases add. Returns undefined
 * when a field is missing, of another type or out of bounds.
 */
export function parseNodeInfo(text: string): NodeInfo | undefined {
  if (text.length > MAX_NODE_INFO_BYTES) return undefined;
  const fields = parseObject(text);
  if (fields === undefined) return undefined;
  const { node, admin, listen, links, leaving, draining, startedAtMs, version, leaseMs } = fields;
  if (typeof node !== 'string' || !isNodeId(node)) return undefined;
  if (!isAddress(admin) || !(listen === null || isAddress(listen))) return undefined;
  if (typeof version !== 'string' || !VERSION.test(version)) return undefined;
  if (!isCount(links, MOST_LINKS) || !isCount(leaving, MOST_LINKS)) return undefined;
  if (!isCount(startedAtMs, LAST_MS) || typeof draining !== 'boolean') return undefined;
  const info = { node, admin, listen, links, leaving, draining, startedAtMs, version };
  return isCount(leaseMs, LONGEST_LEASE_MS) ? { ...info, leaseMs } : info;
}

/**
 * Parses records of the node registry, id and text. Counts those that no node of this release has
 * written as `malformed`, also a record for another node id.
 */
export function parseRecords(records: Iterable<readonly [string, string]>) {
  const nodes = new Map<string, NodeInfo>();
  let malformed = 0;
  for (const [node, text] of records) {
    const info = parseNodeInfo(text);
    if (info?.node === node) nodes.set(node, info);
    else malformed++;
  }
  return { nodes, malformed };
}

function parseObject(text: string): Partial<Record<keyof NodeInfo, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function isAddress(value: unknown): value is string {
  if (typeof value !== 'string') return false;
  const port = Number(ADDRESS.exec(value)?.[1]);
  return port >= 1 && port <= 65_535 && URL.canParse(`http://${value}`);
}

function isCount(value: unknown, most: number): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 && value <= most;
}
