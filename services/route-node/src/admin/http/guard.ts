import { createHash, timingSafeEqual } from 'node:crypto';
import { isIP } from 'node:net';
import { hostname } from 'node:os';
import { ApiError } from './api-error.ts';

export interface GuardOptions {
  /** ROUTE_ADMIN_TOKEN as its file has it now; '' where none is set. */
  token(): string;
  /**
   * Host names of the admin port, beside addresses, localhost and the machine's own; a leading dot
   * includes all names below it.
   */
  readonly hosts: readonly string[];
}

type Headers = Readonly<Record<string, string | string[] | undefined>>;

/** The browser's value for a request from the port's own page, or from the address bar. */
const OWN_SITES: ReadonlySet<string> = new Set(['same-origin', 'none']);

/** Decides which requests are answered. */
export class Guard {
  readonly #token: () => string;
  readonly #hosts: ReadonlySet<string>;

  constructor({ token, hosts }: GuardOptions) {
    this.#token = token;
    const names = ['localhost', '.localhost', hostname(), ...hosts];
    this.#hosts = new Set(names.filter((name) => name !== '').map((name) => name.toLowerCase()));
  }

  /**
   * Refuses requests from pages of other sites: their host name differs from the port's, or was
   * pointed here
   * (DNS rebinding).
   * @throws ApiError
   */
  checkSource(headers: Headers, path: string): void {
    this.#checkHost(headers['host']);
    const site = headers['sec-fetch-site'];
    if (site === undefined || OWN_SITES.has(String(site))) return;
    // A link on another page may open the console: that page cannot read the answer.
    if (path === '/' && headers['sec-fetch-mode'] === 'navigate') return;
    throw new ApiError(
      'site-refused',
      `Sec-Fetch-Site is ${JSON.stringify(site)}: expected a request of the console or of no page`,
    );
  }

  /** @throws ApiError when a request does not carry the token, or none is configured. */
  checkToken(headers: Headers): void {
    if (this.#token() === '') {
      throw new ApiError(
        'token-not-configured',
        'this node has no token and refuses the request: set ROUTE_ADMIN_TOKEN or ROUTE_ADMIN_TOKEN_FILE',
      );
    }
    this.checkTokenWhereSet(headers);
  }

  /** @throws ApiError when a token is configured and a request does not carry it. */
  checkTokenWhereSet(headers: Headers): void {
    const expected = this.#token();
    if (expected === '') return;
    const authorization = headers['authorization'];
    const [, token] = /^Bearer +(\S+) *$/i.exec(String(authorization ?? '')) ?? [];
    if (token === undefined) {
      const given = authorization === undefined ? 'missing' : 'of another kind';
      throw new ApiError(
        'token-missing',
        `Authorization is ${given}: expected Bearer and the token`,
      );
    }
    // Digests have one length, so that the comparison reveals nothing of the token's.
    if (!timingSafeEqual(digest(token), digest(expected))) {
      throw new ApiError('token-wrong', 'the token is not the one that ROUTE_ADMIN_TOKEN has');
    }
  }

  #checkHost(host: string | string[] | undefined): void {
    const given = String(host ?? '');
    const name = given
      .replace(/:\d*$/, '')
      .replace(/^\[(.*)\]$/, '$1')
      .replace(/\.$/, '')
      .toLowerCase();
    if (isIP(name) !== 0 || this.#hosts.has(name)) return;
    for (let at = name.indexOf('.'); at !== -1; at = name.indexOf('.', at + 1)) {
      if (this.#hosts.has(name.slice(at))) return;
    }
    throw new ApiError(
      'host-refused',
      `Host is ${JSON.stringify(given)}: expected an IP address, ` +
        `${[...this.#hosts].join(', ')}; ROUTE_ADMIN_HOSTS can add names`,
    );
  }
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
