import { expect } from 'vitest';
import type { LogLine, RouteNode } from '../harness/index.ts';

/** Waits until a node has refused so many connections for a reason in all, and returns its last word on it. */
export async function refused(node: RouteNode, reason: string, count = 1): Promise<LogLine> {
  await node.waitForMetric('route_connections_refused_total', (value) => value >= count, {
    labels: { reason },
  });
  expect(await node.metric('route_connections_refused_total', { reason })).toBe(count);
  return await node.waitForLog('connection-refused', (line) => line['reason'] === reason);
}
