import { GOLDEN_ENV, type Nodes } from '../golden/golden-suite.ts';
import { type NodeEnv, startCluster } from '../harness/index.ts';

/** A Redis of any kind, and the settings that connect a node to it. */
export interface ReachedRedis extends AsyncDisposable {
  readonly env: NodeEnv;
}

/** Three nodes to replay traces on, and their Redis, stopped together. */
export async function startNodesOn(start: () => Promise<ReachedRedis>): Promise<Nodes> {
  await using stack = new AsyncDisposableStack();
  const redis = stack.use(await start());
  const env = { ...GOLDEN_ENV, ...redis.env };
  const { nodes } = stack.use(await startCluster({ nodes: 3, env }));
  const owned = stack.move();
  return { nodes, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}
