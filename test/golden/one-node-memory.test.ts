import { type NodeEnv, startRouteNode } from '../harness/index.ts';
import { directedSuite, type RouteNodes } from './directed-suite.ts';
import { GOLDEN_ENV, goldenSuite } from './golden-suite.ts';

async function start(env: NodeEnv): Promise<RouteNodes> {
  const node = await startRouteNode({ env: { ...env, ROUTE_ENGINE: 'memory' } });
  return { nodes: [node], [Symbol.asyncDispose]: () => node[Symbol.asyncDispose]() };
}

goldenSuite('one node alone, with the memory engine,', () => start(GOLDEN_ENV));
directedSuite('one node alone, with the memory engine,', start);
