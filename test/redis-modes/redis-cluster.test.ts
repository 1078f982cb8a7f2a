import { startClusterRedis } from '@route/fixtures';
import { GOLDEN_ENV, goldenSuite } from '../golden/golden-suite.ts';
import { startCluster } from '../harness/index.ts';

goldenSuite('three nodes on a Redis Cluster', async () => {
  await using stack = new AsyncDisposableStack();
  const redis = stack.use(await startClusterRedis());
  const env = { ...GOLDEN_ENV, ...redis.env };
  const { nodes } = stack.use(await startCluster({ nodes: 3, env }));
  const owned = stack.move();
  return { nodes, [Symbol.asyncDispose]: () => owned.disposeAsync() };
});
