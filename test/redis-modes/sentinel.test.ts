import { startSentinelRedis } from '@route/fixtures';
import { goldenSuite } from '../golden/golden-suite.ts';
import { startNodesOn } from './nodes-on.ts';

goldenSuite('three nodes on a Redis under Sentinels', () => startNodesOn(startSentinelRedis));
