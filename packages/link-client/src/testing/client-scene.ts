import { once } from 'node:events';
import type { ClientStatus } from '@route/protocol';
import type { RouteClientOptions } from '../options.ts';
import { RouteClient } from '../route-client.ts';
import { ManualClock } from './manual-clock.ts';

/** A client with a controlled clock and list, and its link events. */
export class ClientScene implements AsyncDisposable {
  readonly clock = new ManualClock();
  readonly client: RouteClient;
  /** The result of `snapshot`. */
  clients: readonly ClientStatus[] = [];
  /**
   * `up 127.0.0.1:1`, `master ...`, `down ... closed-by-node`, in order, addresses named as given.
   */
  readonly told: string[] = [];

  constructor(options: Omit<RouteClientOptions, 'snapshot' | 'clock'>) {
    this.client = new RouteClient({
      random: () => 0,
      ...options,
      clock: this.clock,
      snapshot: () => this.clients,
    });
    this.client
      .on('up', ({ address, master }) => this.told.push(`up ${address}${master ? ' master' : ''}`))
      .on('master', (address) => this.told.push(`master ${address}`))
      .on('down', ({ address, reason }) => this.told.push(`down ${address} ${reason}`));
    this.client.connect();
  }

  /** Waits until a link is up. */
  async up(): Promise<void> {
    if (this.client.up.length === 0) await once(this.client, 'up');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.client.close();
  }
}
