import { format } from 'node:util';
import { isMalformedReply, reconnectAll } from '@route/redis';
import { helpText, type Invocation, readSettings, SettingsError } from './config/settings.ts';
import { newNodeId, RouteNode } from './node.ts';
import { EventLog } from './observability/event-log.ts';
import { openLog, RepeatedLine } from './observability/log.ts';

/** Exit codes besides 0: failure, such as an occupied address; invalid settings; second signal. */
const EXIT = { failed: 1, settings: 2, signal: 130 } as const;

function readInvocation(): Invocation {
  try {
    return readSettings(process.argv.slice(2), process.env);
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    process.stderr.write(`route-node: ${error.message}\n`);
    process.exit(EXIT.settings);
  }
}

const invocation = readInvocation();
if (invocation.kind === 'help') {
  process.stdout.write(helpText());
  process.exit(0);
}

const { settings, live } = invocation;
const nodeId = newNodeId();
const eventLog = new EventLog();
const log = openLog({
  level: settings.LOG_LEVEL,
  nodeId,
  eventLog,
  bufferBytes: settings.LOG_BUFFER_BYTES,
});
const { logger } = log;

/** Time after which a blocked write to the log is abandoned. */
const LAST_LINES_MS = 1000;

function exit(status: number): never {
  log.flushNow();
  // A thread that is blocked in a write (a hung file system) would delay an orderly exit for ever.
  if (log.output.writingMs >= LAST_LINES_MS) process.kill(process.pid, 'SIGKILL');
  process.exit(status);
}

function fail(event: string, error: unknown): never {
  logger.fatal({ event, err: error });
  return exit(EXIT.failed);
}

const malformedReplies = new RepeatedLine();

/** Bytes from outside must not end the process, even those that the Redis client cannot handle. */
function onUncaught(event: string, error: unknown): void {
  if (!isMalformedReply(error)) fail(event, error);
  malformedReplies.write((suppressed) => {
    logger.error({
      event: 'redis-malformed-reply',
      suppressed,
      err: error,
      hint: 'the server behind the address of Redis is not a Redis, or replies are damaged on the way; all connections to Redis are made anew',
    });
  });
  reconnectAll();
}

process.on('uncaughtException', (error) => onUncaught('uncaught-exception', error));
process.on('unhandledRejection', (error) => onUncaught('unhandled-rejection', error));
// The default listener prints warnings to standard error, which blocks if that is a full pipe.
process.removeAllListeners('warning');
process.on('warning', (warning) => logger.warn({ event: 'runtime-warning', err: warning }));
// Libraries print there too, such as the Redis client when it lacks a permission.
const printed = new RepeatedLine();
function logPrinted(...parts: unknown[]): void {
  printed.write((suppressed) =>
    logger.warn({ event: 'library-message', suppressed, text: format(...parts) }),
  );
}
for (const method of ['debug', 'log', 'info', 'warn', 'error', 'trace'] as const) {
  console[method] = logPrinted;
}

const { ROUTE_LISTEN, ROUTE_ADMIN_LISTEN, ROUTE_ENGINE, ROUTE_LINKS, ROUTE_NAMESPACE } = settings;
logger.info({
  event: 'starting',
  runtime: process.version,
  engine: ROUTE_ENGINE,
  links: ROUTE_LINKS,
  namespace: ROUTE_NAMESPACE,
  listen: ROUTE_LISTEN,
  adminListen: ROUTE_ADMIN_LISTEN,
});

const node = new RouteNode({
  nodeId,
  settings,
  live,
  log: logger,
  eventLog,
  output: log.output,
  drainAsked: drain,
});

/**
 * Time for the stop in addition to the drain: closing links, the last frames, the last log lines.
 */
const END_MARGIN_SECONDS = 15;

function drain(): void {
  const mostSeconds = settings.ROUTE_DRAIN_SECONDS + END_MARGIN_SECONDS;
  const overran = new Error(`the node has not ended within ${mostSeconds} s`);
  setTimeout(() => fail('drain-overran', overran), mostSeconds * 1000).unref();
  node
    .drain()
    .then(() => log.flush(LAST_LINES_MS))
    .then(
      () => exit(0),
      (error: unknown) => fail('drain-failed', error),
    );
}

let signalled = false;
function onSignal(signal: NodeJS.Signals): void {
  logger.info({ event: 'signal', signal });
  if (signalled) exit(EXIT.signal);
  signalled = true;
  drain();
}
process.on('SIGHUP', () => node.reload());
process.on('SIGTERM', onSignal);
process.on('SIGINT', onSignal);

node.start().catch((error: unknown) => {
  const failed = (): never => fail('start-failed', error);
  node.abandon().then(failed, failed);
});
