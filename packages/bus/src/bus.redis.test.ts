import { describeBus } from './bus-suite.ts';
import { redisMedium } from './testing/redis-medium.ts';

describeBus('Redis', redisMedium);
