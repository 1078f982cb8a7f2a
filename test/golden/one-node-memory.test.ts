import { startRouteNode } from '../harness/index.ts';
import { GOLDEN_ENV, goldenSuite, type Nodes } from './golden-suite.ts';

async function start(): Promise<Nodes> {
  const node = await startRouteNode({ env: { ...GOLDEN_ENV, ROUTE_ENGINE: 'memory' } });
  return { nodes: [node], [Symbol.asyncDispose]: () => node[Symbol.asyncDispose]() };
}

goldenSuite('one node alone, with the memory engine,', start);
