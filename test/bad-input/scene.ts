import { expect } from 'vitest';
import {
  type LogLine,
  type NodeEnv,
  openLink,
  type RouteNode,
  startRouteNode,
  type TestLink,
  within,
} from '../harness/index.ts';
import { Bystanders } from './bystanders.ts';

/** Small, so that what is at the limit and over it costs little. */
export const MAX_PDU_BYTES = 65_536;

const WARN_LEVEL = 40;

/** Why the node closed a link, and the header that it could not take, if it was for that. */
export interface ExpectedClose {
  readonly reason: string;
  readonly header?: Buffer;
}

/** A node with bystanders on it, to which a test behaves badly. */
export class Scene implements AsyncDisposable {
  readonly node: RouteNode;
  readonly #bystanders: Bystanders;

  private constructor(node: RouteNode, bystanders: Bystanders) {
    this.node = node;
    this.#bystanders = bystanders;
  }

  static async start(env: NodeEnv = {}): Promise<Scene> {
    const limits = { ROUTE_MAX_PDU_BYTES: String(MAX_PDU_BYTES) };
    const node = await startRouteNode({ env: { ...limits, ...env } });
    return new Scene(node, await Bystanders.between(node, node));
  }

  /** Opens a link that the node has taken in: it receives what is relayed from now on. */
  async openLink(): Promise<TestLink> {
    const link = await openLink(this.node);
    await link.known();
    return link;
  }

  /** Links closed for a reason, so far. */
  async closed(reason: string): Promise<number> {
    return await this.node.metric('route_links_closed_total', { reason });
  }

  /** Expects that the node closes a link, and logs and counts it as that. */
  async expectClosed(
    link: TestLink,
    { reason, header }: ExpectedClose,
    closedBefore: number,
  ): Promise<LogLine> {
    await within(link.closedByServer, { what: `the node to close a link: ${reason}` });
    // A port may be the one that an earlier link had, which was closed for another reason.
    const line = await this.node.waitForLog(
      'link-closed',
      (closed) => closed['peer'] === link.address && closed['reason'] === reason,
    );
    expect(line).toMatchObject({ reason, level: WARN_LEVEL, link: expect.any(String) });
    if (header !== undefined) {
      expect(line['header']).toBe(header.toString('hex'));
      expect(line['problem']).toContain(`PDU length is ${header.readUInt32BE(0)} bytes`);
    }
    expect(await this.closed(reason)).toBe(closedBefore + 1);
    return line;
  }

  /** Expects that the node turns, is ready, and has gone on relaying between the bystanders. */
  async expectUnharmed(): Promise<void> {
    await this.#bystanders.expectUntouched();
    expect(await this.node.ready()).toBe(true);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await using _node = this.node;
    await using _bystanders = this.#bystanders;
  }
}
