import { readdirSync, readFileSync } from 'node:fs';
import { ROOT } from '@route/fixtures';
import { parse } from 'yaml';
import { z } from 'zod';

const DASHBOARD = `${ROOT}deploy/grafana/dashboards/route-cluster.json`;
const ALERTS = `${ROOT}deploy/prometheus/alerts/`;

const dashboard = z.object({
  panels: z.array(
    z.object({
      title: z.string(),
      targets: z.array(z.object({ expr: z.string(), legendFormat: z.string() })).default([]),
    }),
  ),
});

const ruleFile = z.object({
  groups: z.array(
    z.object({
      rules: z.array(
        z.object({
          alert: z.string(),
          expr: z.string(),
          labels: z.object({ severity: z.enum(['critical', 'warning']) }),
          annotations: z.object({
            summary: z.string(),
            description: z.string(),
            runbook_url: z.string(),
          }),
        }),
      ),
    }),
  ),
});

type AlertRule = z.output<typeof ruleFile>['groups'][number]['rules'][number];
export type Panel = z.output<typeof dashboard>['panels'][number];

/** The dashboard's panels; those that are only a heading have no targets. */
export function readPanels(): Panel[] {
  return dashboard.parse(JSON.parse(readFileSync(DASHBOARD, 'utf8'))).panels;
}

export function readAlerts(): AlertRule[] {
  const files = readdirSync(ALERTS).map((name) => readFileSync(ALERTS + name, 'utf8'));
  return files.flatMap((text) => ruleFile.parse(parse(text)).groups.flatMap(({ rules }) => rules));
}

/** A dashboard's expression as Grafana would ask it, for all nodes and rates over so long. */
export function asAsked(expression: string, rateInterval: string): string {
  return expression.replaceAll('$__rate_interval', rateInterval).replaceAll('$instance', '.*');
}

/** The metrics that an expression looks at. */
export function metricsIn(expression: string): string[] {
  const unquoted = expression.replaceAll(/"[^"]*"/g, '""');
  const names = unquoted.match(/\b(?:route|nodejs|process|haproxy)_[a-z0-9_]+|\bup\b/g) ?? [];
  return [...new Set(names)];
}
