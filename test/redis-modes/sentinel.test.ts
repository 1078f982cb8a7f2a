import { startSentinelRedis } from '@route/fixtures';
import { goldenSuite } from '../golden/golden-suite.ts';
import { startNodesOn } from './nodes-on.ts';

const PASSWORDS = { servers: 'of-the-servers', sentinels: 'of-the-sentinels' };

goldenSuite('three nodes on a Redis under Sentinels, with passwords for both,', () =>
  startNodesOn(() => startSentinelRedis({ passwords: PASSWORDS })),
);
