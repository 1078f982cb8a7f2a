import { sharedRedisUrl, uniqueNamespace } from '@route/fixtures';
import { describePresence } from './presence-suite.ts';
import { startLiveNode } from './testing/node.ts';

describePresence('Redis', () =>
  startLiveNode({ url: sharedRedisUrl(), namespace: uniqueNamespace() }),
);
