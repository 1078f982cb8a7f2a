import type { Readiness } from '../observability/readiness.ts';
import { json, type Route } from './http/route.ts';
import { MetricsAnswer, type MetricsText } from './metrics-answer.ts';

export interface ProbeSources {
  readonly nodeId: string;
  readonly readiness: Pick<Readiness, 'explained'>;
  /** All metrics in Prometheus' text format, and its content type. */
  metrics(): Promise<MetricsText>;
}

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
