import { json, type Route } from './http/route.ts';
import { MetricsAnswer } from './metrics-answer.ts';
import type { AdminSources } from './sources.ts';

type ProbeSources = Pick<AdminSources, 'nodeId' | 'readiness' | 'metrics'>;

/** Requests of monitoring and load balancers. */
export function probeRoutes({ nodeId, readiness, metrics }: ProbeSources): Route[] {
  const metricsAnswer = new MetricsAnswer(metrics);
  return [
    {
      probe: 'health',
      method: 'GET',
      path: '/healthz',
      handle: () => json({ status: 'alive', node: nodeId }),
    },
    {
      probe: 'health',
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
      probe: 'metrics',
      method: 'GET',
      path: '/metrics',
      handle: () => metricsAnswer.read(),
    },
  ];
}
