import { createHash, timingSafeEqual } from 'node:crypto';
import { isIP } from 'node:net';
import { hostname } from 'node:os';
import { ApiError } from './api-error.ts';

export interface GuardOptions {
  /** ROUTE_ADMIN_TOKEN as its file has it now; '' where none is set. */
  token(): string;
  /** Names by which the admin port may be called, beside addresses, localhost and the machine's own. */
  readonly hosts: readonly string[];
}

type Headers = Readonly<Record<string, string | string[] | undefined>>;

/** Decides who may change state. */
export class Guard {
  readonly #token: () => string;
  readonly #hosts: ReadonlySet<string>;

  constructor({ token, hosts }: GuardOptions) {
    this.#token = token;
    this.#hosts = new Set(['localhost', hostname(), ...hosts].map((host) => host.toLowerCase()));
  }

  /** @throws ApiError when a request may not change state. */
  check(headers: Headers): void {
    this.#checkHost(headers['host']);
    this.checkToken(headers);
  }

  /** @throws ApiError when a request does not carry the token. */
  checkToken(headers: Headers): void {
    const expected = this.#token();
    if (expected === '') {
      throw new ApiError(
        'token-not-configured',
        'this node allows nobody to do that: set ROUTE_ADMIN_TOKEN or ROUTE_ADMIN_TOKEN_FILE to allow whoever has the token',
      );
    }
    const authorization = headers['authorization'];
    const [, token] = /^Bearer +(\S+) *$/i.exec(String(authorization ?? '')) ?? [];
    if (token === undefined) {
      const given = authorization === undefined ? 'missing' : 'of another kind';
      throw new ApiError(
        'token-missing',
        `Authorization is ${given}: expected Bearer and the token`,
      );
    }
    // Digests are of one length, so that the comparison tells nothing of the token's.
    if (!timingSafeEqual(digest(token), digest(expected))) {
      throw new ApiError('token-wrong', 'the token is not the one that ROUTE_ADMIN_TOKEN has');
    }
  }

  /**
   * A page from elsewhere that has its own name point here (DNS rebinding) is told apart by that name.
   */
  #checkHost(host: string | string[] | undefined): void {
    const given = String(host ?? '');
    const name = given
      .replace(/:\d*$/, '')
      .replace(/^\[(.*)\]$/, '$1')
      .toLowerCase();
    if (isIP(name) !== 0 || this.#hosts.has(name) || name.endsWith('.localhost')) return;
    throw new ApiError(
      'host-refused',
      `Host is ${JSON.stringify(given)}: expected an IP address, ${[...this.#hosts].join(', ')}; ROUTE_ADMIN_HOSTS may name others`,
    );
  }
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
