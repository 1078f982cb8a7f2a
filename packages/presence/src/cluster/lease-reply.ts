import { isNodeId } from '../redis/keys.ts';
import { listOf, pairs, texts } from '../redis/replies.ts';
import { type NodeInfo, parseRecords } from './node-info.ts';

export interface Renewed {
  readonly kind: 'renewed';
  /** Whether the lease existed until now and Redis has lost nothing of it. */
  readonly held: boolean;
  /** To be sent with the next renewal. */
  readonly end: string;
  readonly leases: ReadonlyMap<string, string>;
  readonly nodeInfos: readonly NodeInfo[];
  /** Leases and records that are skipped because no node of this release has written them. */
  readonly malformed: number;
  readonly epoch: number;
  readonly version: number;
  /** By node: the epoch up to which the node has asserted its links. */
  readonly asserted: ReadonlyMap<string, number>;
}

/** Nodes with another schema or number of shards have leases in the namespace. */
export interface Refused {
  readonly kind: 'refused';
  readonly schema: string;
  readonly shards: string;
  readonly leases: ReadonlyMap<string, string>;
  /** Live nodes of release 0.1.0. */
  readonly older: readonly string[];
}

/** The largest number that nodes write; a larger one in Redis was not written by a node. */
const MOST = 9e15;

/** Parses a reply of renew-lease. Skips invalid node ids and numbers. Throws on any other reply. */
export function parseLeaseReply(reply: unknown): Renewed | Refused {
  const parts = listOf(reply, 'renew-lease');
  if (parts[0] === 'refused') {
    const [, schema, shards, leases, older] = parts;
    return {
      kind: 'refused',
      schema: String(schema),
      shards: String(shards),
      leases: byNode(leases),
      older: texts(older).filter(isNodeId),
    };
  }
  const [held, end, members, records, epoch, version, asserted] = parts;
  const { nodes, malformed } = parseRecords(pairs(records));
  const leases = byNode(members);
  return {
    kind: 'renewed',
    held: held === 1,
    end: String(end),
    leases,
    nodeInfos: [...nodes.values()],
    malformed: malformed + pairs(members).length - leases.size,
    epoch: numberOf(epoch),
    version: numberOf(version),
    asserted: new Map([...byNode(asserted)].map(([node, epoch]) => [node, numberOf(epoch)])),
  };
}

function byNode(flat: unknown): ReadonlyMap<string, string> {
  return new Map(pairs(flat).filter(([node]) => isNodeId(node)));
}

function numberOf(value: unknown): number {
  const number = Number(value);
  return number >= 0 && number <= MOST ? number : 0;
}
