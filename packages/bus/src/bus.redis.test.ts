import { describeBus } from './testing/bus-suite.ts';
import { redisMedium } from './testing/redis-medium.ts';

describeBus('Redis', redisMedium);
