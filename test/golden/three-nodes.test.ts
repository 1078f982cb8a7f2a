import { startCluster } from '../harness/index.ts';
import { directedSuite } from './directed-suite.ts';
import { GOLDEN_ENV, goldenSuite } from './golden-suite.ts';

goldenSuite('a cluster, its links spread over three nodes,', () =>
  startCluster({ nodes: 3, env: GOLDEN_ENV }),
);
directedSuite('a cluster, its links spread over three nodes,', (env) =>
  startCluster({ nodes: 3, env }),
);
