import { connect as connectTcp, Socket } from 'node:net';
import { type ConnectionOptions, connect as connectTls, TLSSocket } from 'node:tls';
import { AbstractConnector, type RedisOptions } from 'ioredis';
import { errorText } from './problems.ts';
import type { HostPort, RedisAccount, RedisSettings, RedisTarget, RedisTls } from './target.ts';

type ConnectorClass = NonNullable<RedisOptions['Connector']>;

/** An abandoned connection is destroyed after this time: a silent one never closes by itself. */
const END_MS = 250;

/** Properties of a server, read when a client connects to it. */
export interface ServerIdentity {
  /** New at every start of the server; '' where its user may not read INFO. */
  readonly runId: string;
}

/** By a client's options, which it shares with its connector. */
const identities = new WeakMap<object, ServerIdentity>();

/** The last server of a client; undefined before the first connection and for a cluster. */
export function serverOf(client: { readonly options: object }): ServerIdentity | undefined {
  return identities.get(client.options);
}

/** The server that a connection attempt goes to. */
export interface Destination extends HostPort {
  /** How errors name it. */
  readonly shown: string;
  /** Redis answers there, and is a primary. @returns the callback for when the connection ends. */
  accepted(leave: () => void): () => void;
  /** The attempt has ended before that. */
  failed(): void;
}

/** Finds out where the primary is. Its errors say why that is not known. */
export type FindPrimary = () => Promise<Destination>;

/**
 * Connects a client to one server: to the one that `find` names at that moment, or else to that of
 * the settings. Uses the current account and certificates, and resolves the name again. Errors
 * contain the address; none stops the client's own attempts.
 */
export function serverConnector(settings: RedisSettings, find?: FindPrimary): ConnectorClass {
  return class extends AbstractConnector {
    readonly #options: object;
    #stopWaiting: () => void = () => {};
    #accept: () => void = () => {};

    constructor(given: unknown) {
      super(END_MS);
      this.#options = keptCurrent(given, settings);
    }

    override check(info: unknown): boolean {
      this.#stopWaiting();
      if (!isAccepted(this.stream, { info, options: this.#options, settings })) return false;
      this.#accept();
      return true;
    }

    override async connect(): Promise<Socket> {
      this.connecting = true;
      delete this.firstError;
      try {
        const at = (await find?.()) ?? fixedDestination(this.#options, currentTarget(settings));
        // Its owner may have left it meanwhile.
        this.stream = this.connecting ? this.#open(at) : new Socket().destroy();
      } catch (error) {
        // A certificate that cannot be used is an error of this attempt, as a refused connection
        // is.
        this.firstError = error instanceof Error ? error : new Error(String(error));
        settings.attemptFailed?.(this.firstError);
        this.stream = new Socket().destroy();
      }
      return this.stream;
    }

    #open(at: Destination): Socket {
      let ended = at.failed;
      try {
        const tls = 'tls' in this.#options ? this.#options.tls : undefined;
        const stream = open({ host: at.host, port: at.port }, tls);
        this.#accept = () => {
          ended = at.accepted(() => super.disconnect());
        };
        stream.once('close', () => ended());
        this.#stopWaiting = watch(stream, { shown: at.shown, settings, options: this.#options });
        return stream;
      } catch (error) {
        ended();
        throw error;
      }
    }
  };
}

function fixedDestination(options: object, target: RedisTarget): Destination {
  const address = addressIn(options, target);
  const shown = `${address.host}:${address.port}`;
  return { ...address, shown, accepted: () => () => {}, failed: () => {} };
}

/** Returns the account and the TLS options for each new connection. */
function keptCurrent(given: unknown, settings: RedisSettings): object {
  if (typeof given !== 'object' || given === null) throw new Error('a client without options');
  const now = (): RedisTarget => currentTarget(settings);
  const getters: Record<string, () => unknown> = {
    username: () => accountOf(now()).username,
    password: () => accountOf(now()).password,
  };
  if (isEncrypted(settings.target)) getters['tls'] = () => tlsOptions(tlsOf(now()));
  for (const [name, get] of Object.entries(getters)) {
    Object.defineProperty(given, name, { get, enumerable: true, configurable: true });
  }
  return given;
}

function currentTarget({ target, currentTarget: read }: RedisSettings): RedisTarget {
  return read?.() ?? target;
}

/** The address in the URL as it is now, or that of the node of a cluster or of the Sentinel. */
function addressIn(options: object, target: RedisTarget): HostPort {
  if (target.kind === 'single') return hostPortOf(target.url);
  const host = 'host' in options ? String(options.host) : '127.0.0.1';
  return { host, port: 'port' in options ? Number(options.port) : 6379 };
}

function hostPortOf(url: string): HostPort {
  const { hostname, port } = new URL(url);
  return { host: hostname.replace(/^\[(.*)\]$/, '$1'), port: Number(port || 6379) };
}

function open(address: HostPort, tls: unknown): Socket {
  if (tls === undefined) return connectTcp({ ...address });
  return connectTls({ ...tlsObject(tls), ...address });
}

function tlsObject(tls: unknown): ConnectionOptions {
  return typeof tls === 'object' && tls !== null ? tls : {};
}

interface Watched {
  /** The address, for errors. */
  readonly shown: string;
  readonly settings: RedisSettings;
  readonly options: object;
}

/** Aborts an attempt that takes too long. @returns the callback for when the client is ready. */
function watch(stream: Socket, { shown, settings, options }: Watched): () => void {
  // Before the client is notified.
  stream.prependListener('error', (error) => {
    const text = errorText(error);
    error.message = text.includes(shown) ? text : `${shown}: ${text}`;
    settings.attemptFailed?.(error);
  });
  const { connectTimeoutMs, commandTimeoutMs } = settings;
  let timer = setTimeout(() => {
    stream.destroy(new Error(`no connection within ${connectTimeoutMs} ms`));
  }, connectTimeoutMs);
  const stop = (): void => clearTimeout(timer);
  stream.once(stream instanceof TLSSocket ? 'secureConnect' : 'connect', () => {
    stop();
    // Some clients ask nothing before they are ready.
    if ('enableReadyCheck' in options && options.enableReadyCheck === false) return;
    const readyMs = connectTimeoutMs + commandTimeoutMs;
    timer = setTimeout(() => {
      // Each command before has its own time-out; only a loading server is polled.
      const cause = 'it is loading its data, or is no Redis';
      stream.destroy(new Error(`LOADING not ready after ${readyMs} ms: ${cause}`));
    }, readyMs);
  });
  stream.once('close', stop);
  return stop;
}

interface Told {
  /** INFO, read into fields; empty where it may not be read. */
  readonly info: unknown;
  readonly options: object;
  readonly settings: RedisSettings;
}

/**
 * Notes which server it is; a replica is left at once, as it would refuse everything. One that
 * Sentinels name is never accepted: another Sentinel knows the primary.
 */
function isAccepted(stream: Socket, { info, options, settings }: Told): boolean {
  const fields = typeof info === 'object' && info !== null ? info : {};
  const field = (name: string): string => String(Reflect.get(fields, name) ?? '');
  const { kind } = settings.target;
  const acceptsReplica = kind === 'cluster' || (kind === 'single' && settings.acceptsReplica);
  // The error notifies the client, which reconnects.
  if (field('redis_mode') === 'sentinel') {
    stream.destroy(new Error('it is a Sentinel, and no server with data'));
    return false;
  }
  if (field('role') === 'slave' && acceptsReplica !== true) {
    const primary = `${field('master_host')}:${field('master_port')}`;
    stream.destroy(new Error(`READONLY it is a replica of ${primary}`));
    return false;
  }
  identities.set(options, { runId: field('run_id') });
  return true;
}

function accountOf(target: RedisTarget): RedisAccount {
  if (target.kind !== 'single') return target.account;
  const { username, password } = new URL(target.url);
  return {
    ...(username !== '' && { username: decoded(username) }),
    ...(password !== '' && { password: decoded(password) }),
  };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function isEncrypted(target: RedisTarget): boolean {
  return target.kind === 'single' ? target.url.startsWith('rediss:') : target.tls !== undefined;
}

function tlsOf(target: RedisTarget): RedisTls {
  return target.tls ?? {};
}

function tlsOptions({ ca, cert, key, serverName }: RedisTls): ConnectionOptions {
  return {
    ...(ca !== undefined && { ca }),
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key }),
    ...(serverName !== undefined && { servername: serverName }),
  };
}
