import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { type CommandName, commandName, PduSplitter } from '@route/protocol';
import type { LinkTarget } from '../harness/index.ts';

/** What a relay does to PDUs of one kind that pass through it. */
export interface Fault {
  readonly command: CommandName;
  readonly direction: 'to-node' | 'from-node';
  readonly harm: 'drop' | 'double' | 'swap';
  /** Every so-manieth of them. */
  readonly every: number;
}

/** A TCP relay before a node that harms some of what it passes on, as no cluster may. */
export class FaultyRelay implements AsyncDisposable {
  /** PDUs harmed so far, by command. */
  readonly harmed = new Map<CommandName, number>();
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(target: LinkTarget, faults: readonly Fault[]) {
    const of = (direction: Fault['direction']): readonly Fault[] =>
      faults.filter((fault) => fault.direction === direction);
    this.#server = createServer((client) => {
      const node = connect(target);
      this.#pipe(client, node, of('to-node'));
      this.#pipe(node, client, of('from-node'));
    });
  }

  static async before(target: LinkTarget, faults: readonly Fault[]): Promise<FaultyRelay> {
    const relay = new FaultyRelay(target, faults);
    relay.#server.listen(0, '127.0.0.1');
    await once(relay.#server, 'listening');
    return relay;
  }

  get address(): string {
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('it does not listen');
    return `127.0.0.1:${address.port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #pipe(from: Socket, to: Socket, faults: readonly Fault[]): void {
    this.#sockets.add(from);
    const counts = new Map<Fault, number>();
    let held: Buffer | undefined;
    const splitter = new PduSplitter({
      maxPduBytes: 1 << 24,
      onPdu: (pdu) => {
        const after = held;
        held = undefined;
        const fault = faults.find(({ command }) => command === commandName(pdu.readUInt16BE(10)));
        const count = fault === undefined ? 0 : (counts.get(fault) ?? 0) + 1;
        if (fault !== undefined) counts.set(fault, count);
        if (fault === undefined || count % fault.every !== 0) to.write(pdu);
        else {
          this.harmed.set(fault.command, (this.harmed.get(fault.command) ?? 0) + 1);
          if (fault.harm === 'swap') held = pdu;
          if (fault.harm === 'double') to.write(Buffer.concat([pdu, pdu]));
        }
        if (after !== undefined) to.write(after);
      },
    });
    from.on('data', (chunk: Buffer) => splitter.push(chunk));
    from.on('error', () => {});
    from.on('close', () => to.destroy());
  }
}
