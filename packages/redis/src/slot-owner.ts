import slotOf from 'cluster-key-slot';
import { createServerClient } from './client.ts';
import { readSlotRanges } from './primaries.ts';
import { errorText } from './problems.ts';
import type { AddressMap, ClusterTarget, HostPort, RedisSettings } from './target.ts';

/** Finds the node of a Redis Cluster that has a key's slot, or a channel's. */
export class SlotOwner {
  readonly #settings: RedisSettings;
  readonly #slot: number;
  readonly #addressMap: AddressMap | undefined;
  /** Configured and discovered nodes: each that answers knows the owner. */
  readonly #known = new Map<string, HostPort>();

  constructor(settings: RedisSettings, target: ClusterTarget, key: string) {
    this.#settings = settings;
    this.#slot = slotOf(key);
    this.#addressMap = target.addressMap;
    for (const node of target.nodes) this.#learn(node);
  }

  /**
   * Queries all known nodes at once; the first answer counts.
   * @throws Error when none answers, or the slot has no owner.
   */
  async find(): Promise<HostPort> {
    const nodes = [...this.#known.values()];
    try {
      return await Promise.any(nodes.map((node) => this.#ask(node)));
    } catch (error) {
      const reasons: unknown[] = error instanceof AggregateError ? error.errors : [error];
      const texts = reasons.map(errorText).join(', ');
      throw new Error(
        `no node of the Redis Cluster knows the owner of slot ${this.#slot}: ${texts}`,
      );
    }
  }

  async #ask(node: HostPort): Promise<HostPort> {
    const client = createServerClient(this.#settings, node);
    let problem: Error | undefined;
    client.on('error', (error: Error) => {
      problem ??= error;
    });
    try {
      // The client says only that its connection is closed; this is the reason.
      await client.connect().catch((error: unknown) => {
        throw problem ?? error;
      });
      const ranges = await readSlotRanges(client, (announced) => this.#addressMap?.get(announced));
      for (const { host, port } of ranges) this.#learn({ host, port });
      const owner = ranges.find(({ first, last }) => first <= this.#slot && this.#slot <= last);
      if (owner === undefined) throw new Error('no node has it');
      return { host: owner.host, port: owner.port };
    } finally {
      client.disconnect();
    }
  }

  #learn({ host, port }: HostPort): void {
    this.#known.set(`${host}:${port}`, { host, port });
  }
}
