import { constants } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import {
  createSecureContext,
  createServer,
  type Server,
  type TLSSocket,
  type TlsOptions,
} from 'node:tls';
import { errorText } from '@route/redis';
import type { Settings } from '../config/settings-schema.ts';

/** Paths of PEM files. With `ca`, msg_servers need a certificate of one of its authorities. */
export interface LinkTlsFiles {
  readonly cert: string;
  readonly key: string;
  readonly ca: string | undefined;
}

/** An encrypted connection, or why there is none; 'ended' where the other side has disconnected. */
export type TlsOutcome =
  | { readonly kind: 'secure'; readonly socket: TLSSocket }
  | { readonly kind: 'failed'; readonly problem: string }
  | { readonly kind: 'ended' };

/** The files that the settings name; undefined where links are in the clear. */
export function linkTlsFiles(settings: Settings): LinkTlsFiles | undefined {
  const { ROUTE_TLS_CERT: cert, ROUTE_TLS_KEY: key, ROUTE_TLS_CA: ca } = settings;
  return cert === undefined || key === undefined ? undefined : { cert, key, ca };
}

/** Returns conflicts among the settings of the links' TLS. */
export function tlsConflicts(settings: Settings): string[] {
  const { ROUTE_TLS_CERT: cert, ROUTE_TLS_KEY: key, ROUTE_TLS_CA: ca } = settings;
  if ((cert === undefined) !== (key === undefined)) {
    return ['ROUTE_TLS_CERT and ROUTE_TLS_KEY: expected both or neither'];
  }
  const files = linkTlsFiles(settings);
  if (files === undefined) {
    return ca === undefined ? [] : ['ROUTE_TLS_CA is given: expected ROUTE_TLS_CERT too'];
  }
  try {
    createSecureContext(readFiles(files));
    return [];
  } catch (error) {
    const reason = errorText(error);
    return [`ROUTE_TLS_CERT, ROUTE_TLS_KEY and ROUTE_TLS_CA cannot be used together: ${reason}`];
  }
}

/** Encrypts links, by files that may be read again while links are open. */
export class LinkTls {
  readonly #files: LinkTlsFiles;
  readonly #server: Server;
  /** The files' contents when they were last valid. */
  #content: string;
  /** Pending connections, by the other side's address and port. */
  readonly #waiting = new Map<string, (outcome: TlsOutcome) => void>();

  /** @throws Error when a file cannot be read, or certificate and key do not belong together. */
  constructor(files: LinkTlsFiles) {
    this.#files = files;
    const options = readFiles(files);
    this.#content = contentOf(options);
    // It listens nowhere: it is given connections that are open.
    this.#server = createServer({
      ...options,
      requestCert: files.ca !== undefined,
      // Checked below, where the certificate's connection is still known.
      rejectUnauthorized: false,
    });
    this.#server.on('secureConnection', (socket) => {
      this.#waiting.get(keyOf(socket))?.(this.#judge(socket));
    });
    this.#server.on('tlsClientError', (error: NodeJS.ErrnoException, socket) => {
      this.#waiting.get(keyOf(socket))?.(
        error.code === 'ECONNRESET'
          ? { kind: 'ended' }
          : { kind: 'failed', problem: error.message.trim() },
      );
    });
  }

  /**
   * Reads the files again, for new connections.
   * @returns whether they have changed.
   * @throws Error as the constructor does; the previous contents stay in use.
   */
  reload(): boolean {
    const options = readFiles(this.#files);
    const content = contentOf(options);
    if (content === this.#content) return false;
    this.#server.setSecureContext(options);
    this.#content = content;
    return true;
  }

  /** Agrees on encryption with the other side, for as long as the connection is open. */
  async secure(raw: Socket): Promise<TlsOutcome> {
    const key = keyOf(raw);
    return await new Promise((resolve) => {
      const finish = (outcome: TlsOutcome): void => {
        this.#waiting.delete(key);
        raw.off('close', ended);
        resolve(outcome);
      };
      const ended = (): void => finish({ kind: 'ended' });
      this.#waiting.set(key, finish);
      raw.on('close', ended);
      // A disconnect during the handshake ends both directions; later the link decides.
      raw.allowHalfOpen = false;
      this.#server.emit('connection', raw);
    });
  }

  #judge(socket: TLSSocket): TlsOutcome {
    socket.allowHalfOpen = true;
    // An error is followed by the end of the connection, which the current owner handles.
    socket.on('error', () => undefined);
    if (this.#files.ca === undefined || socket.authorized) return { kind: 'secure', socket };
    return { kind: 'failed', problem: `its certificate: ${String(socket.authorizationError)}` };
  }
}

function readFiles({ cert, key, ca }: LinkTlsFiles): TlsOptions {
  return {
    cert: readFileSync(cert),
    key: readFileSync(key),
    minVersion: 'TLSv1.2',
    // Links live for months: nothing is gained by resuming, and each must show its certificate.
    secureOptions: constants.SSL_OP_NO_TICKET,
    ...(ca !== undefined && { ca: readFileSync(ca) }),
  };
}

function contentOf({ cert, key, ca }: TlsOptions): string {
  return `${String(cert)}\n${String(key)}\n${String(ca)}`;
}

function keyOf(socket: Socket): string {
  return `${socket.remoteAddress} ${socket.remotePort}`;
}
