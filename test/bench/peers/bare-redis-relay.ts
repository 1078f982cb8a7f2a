import { createServerClient } from '@route/redis';
import { BareLinks } from './bare-links.ts';

/**
 * One of two bare relays over Redis: a tick's batches are one publish, and reading stops while the
 * other relay has not acknowledged a window of bytes. It recovers nothing that Redis drops.
 *
 * Arguments: the Redis, a name for both, its own number (0 or 1). Prints the port that it listens
 * on.
 */

const UNACKNOWLEDGED_MARK_BYTES = 8 * 1024 * 1024;
const ACKNOWLEDGE_BYTES = 512 * 1024;

const [url = '', name = '', number = '0'] = process.argv.slice(2);
const other = number === '0' ? '1' : '0';
const runsChannel = (relay: string): string => `${name}:runs:${relay}`;
const takenChannel = (relay: string): string => `${name}:taken:${relay}`;

function connect() {
  const client = createServerClient({
    target: { kind: 'single', url },
    connectionName: 'bare-redis-relay',
    connectTimeoutMs: 2_000,
    commandTimeoutMs: 30_000,
  });
  client.on('error', fail);
  return client;
}

function fail(error: unknown): void {
  process.stderr.write(`${String(error)}\n`);
  process.exit(1);
}

const publisher = connect();
const subscriber = connect();
let runs: Buffer[] = [];
let publishedBytes = 0;
let takenByOther = 0;
let takenBytes = 0;
let toldBytes = 0;

const links = new BareLinks((run) => {
  if (runs.push(run) === 1) setImmediate(publish);
});

function publish(): void {
  const frame = Buffer.concat(runs);
  runs = [];
  publishedBytes += frame.length;
  checkUnacknowledged();
  publisher.publish(runsChannel(number), frame).catch(fail);
}

function checkUnacknowledged(): void {
  links.hold('redis', publishedBytes - takenByOther > UNACKNOWLEDGED_MARK_BYTES);
}

function take(frame: Buffer): void {
  links.relay(frame);
  takenBytes += frame.length;
  if (takenBytes - toldBytes < ACKNOWLEDGE_BYTES) return;
  toldBytes = takenBytes;
  publisher.publish(takenChannel(number), String(takenBytes)).catch(fail);
}

subscriber.on('messageBuffer', (channel: Buffer, message: Buffer) => {
  if (channel.equals(fromOther)) {
    take(message);
  } else {
    takenByOther = Number(message);
    checkUnacknowledged();
  }
});
const fromOther = Buffer.from(runsChannel(other));
await Promise.all([publisher.connect(), subscriber.connect()]);
await subscriber.subscribe(runsChannel(other), takenChannel(other));
links.listen();
