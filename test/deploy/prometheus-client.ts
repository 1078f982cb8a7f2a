import { z } from 'zod';

const TIMEOUT_MS = 10_000;

const vector = z.object({
  data: z.object({
    result: z.array(
      z.object({
        metric: z.record(z.string(), z.string()),
        value: z.tuple([z.number(), z.string().transform(Number)]),
      }),
    ),
  }),
});

const matrix = z.object({
  data: z.object({
    result: z.array(
      z.object({
        metric: z.record(z.string(), z.string()),
        values: z.array(z.tuple([z.number(), z.string().transform(Number)])),
      }),
    ),
  }),
});

const targets = z.object({
  data: z.object({
    activeTargets: z.array(
      z.object({ labels: z.record(z.string(), z.string()), health: z.string() }),
    ),
  }),
});

const alerts = z.object({
  data: z.object({
    alerts: z.array(z.object({ labels: z.record(z.string(), z.string()), state: z.string() })),
  }),
});

/** One series of an answer, at the moment of the question. */
export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** One series over a while. */
export interface Series {
  readonly labels: Readonly<Record<string, string>>;
  /** Unix times in seconds, and what was so then. */
  readonly points: readonly (readonly [atSeconds: number, value: number])[];
}

/** A while, in Unix seconds. */
export interface Range {
  readonly from: number;
  readonly to: number;
  readonly stepSeconds: number;
}

/** Asks a Prometheus. */
export class PrometheusClient {
  readonly #url: string;

  constructor(url: string) {
    this.#url = url;
  }

  /** @throws Error with Prometheus's own words when the expression is none. */
  async query(expression: string): Promise<Sample[]> {
    const answer = vector.parse(await this.#ask(`query?query=${encodeURIComponent(expression)}`));
    return answer.data.result.map(({ metric, value: [, value] }) => ({ labels: metric, value }));
  }

  /** What an expression came to, a point each so many seconds. */
  async queryRange(expression: string, { from, to, stepSeconds }: Range): Promise<Series[]> {
    const query = `query=${encodeURIComponent(expression)}&start=${from}&end=${to}&step=${stepSeconds}`;
    const answer = matrix.parse(await this.#ask(`query_range?${query}`));
    return answer.data.result.map(({ metric, values }) => ({ labels: metric, points: values }));
  }

  /** Addresses of the targets of a job that are up. */
  async up(job: string): Promise<string[]> {
    const answer = targets.parse(await this.#ask('targets?state=active'));
    return answer.data.activeTargets
      .filter(({ labels, health }) => labels['job'] === job && health === 'up')
      .map(({ labels }) => labels['instance'] ?? '');
  }

  /** Names of the alerts that are pending or fire. */
  async alerts(state: 'pending' | 'firing'): Promise<string[]> {
    const answer = alerts.parse(await this.#ask('alerts'));
    const names = answer.data.alerts
      .filter((alert) => alert.state === state)
      .map(({ labels }) => labels['alertname'] ?? '');
    return [...new Set(names)].sort();
  }

  async #ask(path: string): Promise<unknown> {
    const url = `${this.#url}/api/v1/${path}`;
    const answer = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS) });
    const body: unknown = await answer.json();
    if (!answer.ok) throw new Error(`Prometheus says ${answer.status}: ${JSON.stringify(body)}`);
    return body;
  }
}
