import type { ServerLimits } from './server-limits.ts';

/** The first major version of Redis that has all that a node uses: sharded pub/sub among it. */
const LEAST_MAJOR_VERSION = 7;

/**
 * Returns problems of a Redis server's settings that would lose presence or cut the bus, each with
 * the value to set.
 */
export function redisAdvice(limits: ServerLimits, windowBytes: number): string[] {
  const advice: string[] = [];
  const { version, maxMemoryPolicy, maxMemoryBytes, subscriberLimit: limit } = limits;
  if (Number(version.split('.', 1)[0]) < LEAST_MAJOR_VERSION) {
    advice.push(`Redis is ${version}: expected ${LEAST_MAJOR_VERSION} or later`);
  }
  // These keys never expire, so only policies for all keys evict any.
  if (maxMemoryBytes > 0 && maxMemoryPolicy.startsWith('allkeys-')) {
    advice.push(
      `maxmemory-policy is ${maxMemoryPolicy}: it would evict online users; expected noeviction: CONFIG SET maxmemory-policy noeviction`,
    );
  }
  if (limit === undefined) {
    advice.push(
      'client-output-buffer-limit may not be read (CONFIG GET): see to it that the one for pubsub is at least as it is by default, 32mb 8mb 60',
    );
    return advice;
  }
  // Frames redelivered after a loss add to those in flight.
  const leastHardBytes = 2 * windowBytes;
  const tooHard = limit.hardBytes > 0 && limit.hardBytes < leastHardBytes;
  const tooSoft = limit.softBytes > 0 && limit.softBytes < windowBytes;
  if (tooHard || tooSoft) {
    const { hardBytes, softBytes, softSeconds } = limit;
    const least = `pubsub ${leastHardBytes} ${windowBytes} 60`;
    advice.push(
      `client-output-buffer-limit is pubsub ${hardBytes} ${softBytes} ${softSeconds}: Redis would cut nodes off under load; expected at least ${least}: CONFIG SET client-output-buffer-limit "${least}", or a smaller ROUTE_BUS_WINDOW_BYTES`,
    );
  }
  return advice;
}
