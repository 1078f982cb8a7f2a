import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, type Socket, type TcpNetConnectOpts } from 'node:net';
import { ROOT, waitFor } from '@route/fixtures';
import { findFreePort } from '@route/local-cluster';

/** The example as it lies in the repository. */
const EXAMPLE_SERVER = `${ROOT}examples/msg-server/server.ts`;

/** A client of the example: a TCP connection and the text that it has received. */
export class ExampleUser implements AsyncDisposable {
  readonly #socket: Socket;
  #received = '';

  constructor(socket: Socket) {
    this.#socket = socket;
    // A server that closes the connection may reset it.
    socket.on('error', () => {});
    socket.setEncoding('utf8').on('data', (text: string) => {
      this.#received += text;
    });
  }

  get received(): string {
    return this.#received;
  }

  get isClosed(): boolean {
    return this.#socket.closed;
  }

  say(text: string): void {
    this.#socket.write(text);
  }

  /** Stops reading, so that what the server writes has to wait. */
  stopReading(): void {
    this.#socket.pause();
  }

  /** Breaks the connection: the server sees ECONNRESET. */
  reset(): void {
    this.#socket.resetAndDestroy();
  }

  async waitForText(text: string): Promise<void> {
    await waitFor(() => this.#received.includes(text), {
      what: `"${text.trim()}", received so far: "${this.#received}"`,
      deadlineMs: 15_000,
    });
  }

  /** Sends a line again and again until `arrived` holds: a login is not acknowledged. */
  async sayUntil(line: string, arrived: () => boolean): Promise<void> {
    await waitFor(
      () => {
        if (!arrived()) this.#socket.write(`${line}\n`);
        return arrived();
      },
      { what: `the effect of "${line}"`, deadlineMs: 10_000, everyMs: 100 },
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.destroy();
    if (!this.#socket.closed) await once(this.#socket, 'close');
  }
}

/** Opens a connection to a msg_server and sends nothing. */
export async function connectUser(options: TcpNetConnectOpts): Promise<ExampleUser> {
  const socket = connect(options);
  await once(socket, 'connect');
  return new ExampleUser(socket);
}

export interface ExampleServerOptions {
  /** The program. Default: the example of the repository. */
  readonly file?: string;
  /** The address of a route node. */
  readonly route: string;
}

/** The example msg_server in a process of its own. */
export class ExampleServer implements AsyncDisposable {
  readonly #process: ChildProcess;
  readonly #port: number;
  #output = '';

  private constructor(child: ChildProcess, port: number) {
    this.#process = child;
    this.#port = port;
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.#output += text;
      });
    }
  }

  static async start({
    file = EXAMPLE_SERVER,
    route,
  }: ExampleServerOptions): Promise<ExampleServer> {
    const port = await findFreePort();
    const child = spawn(process.execPath, [file], {
      env: { ...process.env, PORT: String(port), ROUTE: route },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    return new ExampleServer(child, port);
  }

  /** Everything that the process has printed. */
  get output(): string {
    return this.#output;
  }

  get isRunning(): boolean {
    return this.#process.exitCode === null && this.#process.signalCode === null;
  }

  async waitForOutput(text: string | RegExp): Promise<void> {
    const found = (): boolean =>
      typeof text === 'string' ? this.#output.includes(text) : text.test(this.#output);
    const what = `the output ${String(text)}`;
    await waitFor(() => found() || Promise.reject(new Error(this.#output)), {
      what,
      deadlineMs: 15_000,
    });
  }

  /** Opens a connection and sends nothing. */
  async connect(options: { readonly allowHalfOpen?: boolean } = {}): Promise<ExampleUser> {
    const open = () => connectUser({ ...options, port: this.#port, host: '127.0.0.1' });
    const what = `the server to listen; it printed: ${this.#output}`;
    return await waitFor(open, { what, deadlineMs: 15_000 });
  }

  /** Opens a connection and sends the user id; the login itself is not acknowledged. */
  async login(
    userId: number,
    options: { readonly allowHalfOpen?: boolean } = {},
  ): Promise<ExampleUser> {
    const user = await this.connect(options);
    user.say(`${userId}\n`);
    return user;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.isRunning) return;
    this.#process.kill('SIGKILL');
    await once(this.#process, 'exit');
  }
}
