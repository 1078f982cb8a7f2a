import { startCluster } from '../harness/index.ts';
import { directedSuite } from './directed-suite.ts';
import { GOLDEN_ENV, goldenSuite } from './golden-suite.ts';

goldenSuite('one node, with the Redis engine,', () => startCluster({ nodes: 1, env: GOLDEN_ENV }));
directedSuite('one node, with the Redis engine,', (env) => startCluster({ nodes: 1, env }));
