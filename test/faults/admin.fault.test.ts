import { connect, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { RouteNode } from '../harness/index.ts';
import { peakMemoryBytes } from '../traffic/index.ts';
import { judge } from './judge.ts';
import { startScene } from './scene.ts';
import { seedOf } from './seed.ts';

const LASTS_MS = 10_000;
const PIPELINED = 6_000;
const FLOODS = 4;
const SLOW = 50;
const DEAF = 20;
const MOST_P99_MS = 200;
const MOST_HEALTH_MS = 1_000;

/** A flood of this kind once took a node from 150 to 700 MB. */
const MOST_GROWTH_BYTES = 128 * 2 ** 20;

/**
 * Misbehaving clients of one node's admin port, until the end of the scope; each reconnects when
 * closed.
 */
class AdminFlood implements Disposable {
  readonly #sockets = new Set<Socket>();
  readonly #timers: NodeJS.Timeout[] = [];
  readonly #address: { readonly host: string; readonly port: number };
  #ended = false;
  connections = 0;

  constructor({ adminUrl }: RouteNode) {
    const { hostname: host, port } = new URL(adminUrl);
    this.#address = { host, port: Number(port) };
    const metrics = request('/metrics').repeat(PIPELINED);
    for (let n = 0; n < FLOODS; n++) this.#open((socket) => socket.resume().write(metrics));
    for (let n = 0; n < SLOW; n++) this.#open((socket) => this.#drip(socket.resume()));
    for (const path of ['/metrics', '/api/v1/links', '/api/v1/events/stream', '/healthz']) {
      for (let n = 0; n < DEAF / 4; n++) {
        this.#open((socket) => socket.pause().write(request(path)));
      }
    }
  }

  [Symbol.dispose](): void {
    this.#ended = true;
    for (const timer of this.#timers) clearInterval(timer);
    for (const socket of this.#sockets) socket.destroy();
  }

  #open(misbehave: (socket: Socket) => void): void {
    if (this.#ended) return;
    this.connections++;
    const socket = connect(this.#address);
    this.#sockets.add(socket);
    socket.on('connect', () => misbehave(socket));
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.#sockets.delete(socket);
      this.#open(misbehave);
    });
  }

  /** Headers without an end. */
  #drip(socket: Socket): void {
    socket.write('GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: ');
    this.#timers.push(setInterval(() => socket.writable && socket.write('x'), 500));
  }
}

function request(path: string): string {
  return `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`;
}

/** Duration of each /healthz request until then. */
async function healthMs(node: RouteNode, untilMs: number): Promise<number[]> {
  const took: number[] = [];
  while (performance.now() < untilMs) {
    const begunMs = performance.now();
    const answer = await fetch(`${node.adminUrl}/healthz`);
    expect(answer.status).toBe(200);
    await answer.text();
    took.push(performance.now() - begunMs);
    await delay(100);
  }
  return took;
}

test('floods, slow clients and clients that never read on the admin port: the node is unaffected', async () => {
  const fault = 'floods of the admin port';
  await using scene = await startScene({ seed: seedOf(fault), measures: true });
  const node = scene.cluster.node(0);
  const before = peakMemoryBytes(node.pid) ?? Number.NaN;
  scene.forgetLatency();
  using flood = new AdminFlood(node);
  const took = await healthMs(node, performance.now() + LASTS_MS);
  const p99Ms = scene.latencyMs(99);
  const grown = (peakMemoryBytes(node.pid) ?? Number.NaN) - before;
  scene.story.note(
    `${flood.connections} connections; /healthz took ${Math.max(...took)} ms at most`,
  );
  process.stdout.write(
    `/healthz: ${took.length} answers, ${Math.round(Math.max(...took))} ms at most; relay p99 ${p99Ms} ms; ${grown >> 20} MiB more; ${flood.connections} connections\n`,
  );
  // Links and the admin port of the other nodes work during the flood, which lasts until the end.
  const exact = await scene.untilExact(5_000);
  await scene.untilFlowing();
  const figures = await judge(scene, { fault, exact, p99Ms });
  expect(figures).toMatchObject({ lost: 0, cutOff: 0 });
  expect(Math.max(...took)).toBeLessThan(MOST_HEALTH_MS);
  expect(p99Ms).toBeLessThan(MOST_P99_MS);
  expect(grown).toBeLessThan(MOST_GROWTH_BYTES);
  expect(scene.lostLinks, 'links lost').toBe(0);
});
