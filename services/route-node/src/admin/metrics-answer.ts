import { setTimeout as delay } from 'node:timers/promises';
import type { Answer } from './http/route.ts';

/** All metrics in Prometheus' text format; a registry of prom-client. */
export interface MetricsText {
  readonly contentType: string;
  metrics(): Promise<string>;
}

/** Renderings begin at least this far apart. */
const APART_MS = 100;

/** After a rendering the next one waits for this multiple of its duration, up to a bound. */
const REST_FACTOR = 9;
const MAX_REST_MS = 1000;

/**
 * Renders the metrics for all requests. An answer is never older than its request; concurrent
 * requests share one rendering. There are at most ten renderings a second, fewer where they take
 * more than a tenth of the time.
 */
export class MetricsAnswer {
  readonly #text: MetricsText;
  #next: Promise<Answer> | undefined;
  /** Resolves when the next rendering may start. */
  #rest: Promise<void> = Promise.resolve();

  constructor(text: MetricsText) {
    this.#text = text;
  }

  async read(): Promise<Answer> {
    this.#next ??= this.#make();
    return await this.#next;
  }

  async #make(): Promise<Answer> {
    await this.#rest;
    // A later request needs a rendering that starts later.
    this.#next = undefined;
    const rendering = this.#text.metrics();
    this.#rest = restAfter(rendering);
    const body = Buffer.from(await rendering);
    const headers = { 'content-type': this.#text.contentType };
    return { kind: 'file', status: 200, headers, body };
  }
}

async function restAfter(rendering: Promise<unknown>): Promise<void> {
  const beganAtMs = performance.now();
  await Promise.allSettled([rendering]);
  const tookMs = performance.now() - beganAtMs;
  await delay(Math.max(APART_MS - tookMs, Math.min(REST_FACTOR * tookMs, MAX_REST_MS)));
}
