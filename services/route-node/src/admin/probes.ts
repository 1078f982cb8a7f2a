import type { Readiness } from '../readiness.ts';
import { json, type Route } from './route.ts';

export interface ProbeSources {
  readonly nodeId: string;
  readonly readiness: Readiness;
  /** All metrics in Prometheus' text format, and its content type. */
  metrics(): Promise<{ readonly contentType: string; readonly text: string }>;
}

/** What monitoring and load balancers ask. */
export function probeRoutes({ nodeId, readiness, metrics }: ProbeSources): Route[] {
  return [
    {
      method: 'GET',
      path: '/healthz',
      handle: () => json({ status: 'alive', node: nodeId }),
    },
    {
      method: 'GET',
      path: '/readyz',
      handle: () => {
        const { explained } = readiness;
        if (explained.length === 0) return json({ status: 'ready', node: nodeId });
        const why = Object.fromEntries(explained.map(({ reason, meaning }) => [reason, meaning]));
        return json({ status: 'not ready', node: nodeId, reasons: why }, 503);
      },
    },
    {
      method: 'GET',
      path: '/metrics',
      handle: async () => ({ kind: 'text', ...(await metrics()) }),
    },
  ];
}
