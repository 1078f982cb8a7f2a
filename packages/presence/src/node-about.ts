/** What a node says of itself, with each renewal of its lease, to all others. */
export interface NodeAbout {
  /** The node's id. */
  readonly node: string;
  /** Where others reach its admin port, as host:port. */
  readonly admin: string;
  /** Where msg_servers reach it, as host:port; null while it does not take links. */
  readonly listen: string | null;
  /** Links open on it. */
  readonly links: number;
  /** Links that it has asked to connect elsewhere, and that may not have done so yet. */
  readonly leaving: number;
  /** Whether it is going away. */
  readonly draining: boolean;
  /** When it was started, in ms since 1970 by its own clock. */
  readonly startedAtMs: number;
  /** The version of its software. */
  readonly version: string;
  /** The length of its lease, as it was published with it. */
  readonly leaseMs?: number;
}

/** No node says more of itself; what is longer was written by something else. */
export const MAX_ABOUT_BYTES = 4096;

/** No lease is longer: what says so was not written by a node. */
const LONGEST_LEASE_MS = 300_000;

/**
 * Reads what a node says of itself; undefined where it does not say all of it: the node's software is
 * an older or a later one. What a later one says beside it is left out.
 */
export function parseAbout(text: string): NodeAbout | undefined {
  if (text.length > MAX_ABOUT_BYTES) return undefined;
  const said = parseObject(text);
  if (said === undefined) return undefined;
  const { node, admin, listen, links, leaving, draining, startedAtMs, version, leaseMs } = said;
  if (typeof node !== 'string' || typeof admin !== 'string' || typeof version !== 'string') {
    return undefined;
  }
  if (typeof listen !== 'string' && listen !== null) return undefined;
  if (!isCount(links) || !isCount(leaving) || !isCount(startedAtMs)) return undefined;
  if (typeof draining !== 'boolean') return undefined;
  const about = { node, admin, listen, links, leaving, draining, startedAtMs, version };
  return isCount(leaseMs) && leaseMs <= LONGEST_LEASE_MS ? { ...about, leaseMs } : about;
}

function parseObject(text: string): Partial<Record<keyof NodeAbout, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}
