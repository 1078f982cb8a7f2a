import type { Socket } from 'node:net';
import { connectTo, type LinkTarget } from '../harness/index.ts';

/** An in-process load balancer: each connection goes to the node with the fewest connections. */
export class LeastConnections implements LinkTarget {
  readonly #nodes: () => readonly LinkTarget[];
  readonly #open = new Map<LinkTarget, number>();

  constructor(nodes: () => readonly LinkTarget[]) {
    this.#nodes = nodes;
  }

  get host(): string {
    return this.#least.host;
  }

  get port(): number {
    return this.#least.port;
  }

  readonly connect = async (): Promise<Socket> => {
    const node = this.#least;
    this.#count(node, 1);
    try {
      const socket = await connectTo(node);
      socket.on('close', () => this.#count(node, -1));
      return socket;
    } catch (error) {
      this.#count(node, -1);
      throw error;
    }
  };

  get #least(): LinkTarget {
    const [least] = this.#nodes().toSorted((a, b) => this.#opened(a) - this.#opened(b));
    if (least === undefined) throw new Error('there is no node to connect to');
    return least;
  }

  #opened(node: LinkTarget): number {
    return this.#open.get(node) ?? 0;
  }

  #count(node: LinkTarget, by: number): void {
    this.#open.set(node, this.#opened(node) + by);
  }
}
