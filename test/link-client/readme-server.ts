import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { waitFor } from '@route/fixtures';
import { findFreePort } from '@route/local-cluster';

const README = fileURLToPath(new URL('../../packages/link-client/README.md', import.meta.url));

/** The msg_server of the README, as it stands there. */
export async function readmeServerText(): Promise<string> {
  const [, text] = /```ts\n(.*?)```/s.exec(await readFile(README, 'utf8')) ?? [];
  if (text === undefined) throw new Error(`no TypeScript in ${README}`);
  return text;
}

/** A client of that msg_server: a TCP connection and the lines that have come on it. */
export class ReadmeUser implements AsyncDisposable {
  readonly #socket: Socket;
  #received = '';

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.setEncoding('utf8').on('data', (text: string) => {
      this.#received += text;
    });
  }

  /** Sends a line, again and again, until `arrived` holds: nobody says when a login has gone through. */
  async sayUntil(line: string, arrived: () => boolean): Promise<void> {
    await waitFor(
      () => {
        if (!arrived()) this.#socket.write(`${line}\n`);
        return arrived();
      },
      { what: `what "${line}" comes to`, deadlineMs: 10_000 },
    );
  }

  hasRead(text: string): boolean {
    return this.#received.includes(text);
  }

  get isClosed(): boolean {
    return this.#socket.closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.destroy();
    if (!this.#socket.closed) await once(this.#socket, 'close');
  }
}

/** The msg_server of the README in a process of its own. */
export class ReadmeServer implements AsyncDisposable {
  readonly #process: ChildProcess;
  readonly #port: number;

  private constructor(child: ChildProcess, port: number) {
    this.#process = child;
    this.#port = port;
  }

  /** Runs this file with its route server at `route`. */
  static async start(file: string, route: string): Promise<ReadmeServer> {
    const port = await findFreePort();
    const child = spawn(process.execPath, [file], {
      env: { ...process.env, PORT: String(port), ROUTE: route },
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    return new ReadmeServer(child, port);
  }

  /** A user logs in. */
  async login(userId: number): Promise<ReadmeUser> {
    const socket = await waitFor(() => openSocket(this.#port), { what: 'the server to listen' });
    socket.write(`${userId}\n`);
    return new ReadmeUser(socket);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#process.exitCode !== null) return;
    this.#process.kill('SIGKILL');
    await once(this.#process, 'exit');
  }
}

async function openSocket(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  return socket;
}
