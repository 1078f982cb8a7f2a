import { setTimeout as delay } from 'node:timers/promises';
import type { Answer } from './route.ts';

/** All metrics in Prometheus' text format, and its content type. */
export interface MetricsText {
  readonly contentType: string;
  readonly text: string;
}

/** Renderings begin at least this far apart. */
const APART_MS = 100;

/**
 * Renders the metrics for all requests: an answer is never older than its request, requests that come together share
 * one rendering, and there are ten renderings a second at most.
 */
export class MetricsAnswer {
  readonly #render: () => Promise<MetricsText>;
  #next: Promise<Answer> | undefined;
  #beganAtMs = Number.NEGATIVE_INFINITY;

  constructor(render: () => Promise<MetricsText>) {
    this.#render = render;
  }

  async read(): Promise<Answer> {
    this.#next ??= this.#make();
    return await this.#next;
  }

  async #make(): Promise<Answer> {
    await delay(Math.max(0, this.#beganAtMs + APART_MS - performance.now()));
    this.#beganAtMs = performance.now();
    // A request that comes from here on needs a rendering that begins later.
    this.#next = undefined;
    const { contentType, text } = await this.#render();
    const headers = { 'content-type': contentType };
    return { kind: 'file', status: 200, headers, body: Buffer.from(text) };
  }
}
