import { Writable } from 'node:stream';
import { Command } from 'ioredis';

const uncork = (stream: Writable): void => stream.uncork();

/**
 * Publishes a message given in pieces without copying it: ioredis's own commands copy all of their
 * arguments into one new buffer. All publishes of one tick go out in one write.
 *
 * Pass it to `sendCommand` of a single-server client, and wait for its `promise`.
 */
export class PublishCommand extends Command {
  readonly #head: string;
  readonly #pieces: readonly Buffer[];

  /** `publish` for a channel of the whole Redis, `spublish` for one of a slot. */
  constructor(name: 'publish' | 'spublish', channel: string, pieces: readonly Buffer[]) {
    super(name, [channel]);
    let bytes = 0;
    for (const piece of pieces) bytes += piece.length;
    this.#head = `*3\r\n$${name.length}\r\n${name}\r\n$${Buffer.byteLength(channel)}\r\n${channel}\r\n$${bytes}\r\n`;
    this.#pieces = pieces;
  }

  /** Called by the client with its connection; the return value is written there next. */
  override toWritable(connection: object): string | Buffer {
    if (!(connection instanceof Writable)) {
      return Buffer.concat([Buffer.from(this.#head), ...this.#pieces, Buffer.from('\r\n')]);
    }
    connection.cork();
    process.nextTick(uncork, connection);
    connection.write(this.#head);
    for (const piece of this.#pieces) connection.write(piece);
    return '\r\n';
  }
}
