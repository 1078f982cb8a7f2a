import { startCluster } from '../harness/index.ts';
import { GOLDEN_ENV, goldenSuite } from './golden-suite.ts';

goldenSuite('one node, with the Redis engine,', () => startCluster({ nodes: 1, env: GOLDEN_ENV }));
