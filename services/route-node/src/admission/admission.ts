import type { Socket } from 'node:net';
import { type Address, addressText } from '../config/address.ts';
import { AllowedNetworks, type Network, plainAddress } from '../config/networks.ts';
import type { Counters } from '../observability/counters.ts';
import { type Logger, RepeatedLine, RepeatedLines } from '../observability/log.ts';
import { ByAddress } from '../process/by-address.ts';
import { Handshakes } from './handshakes.ts';
import type { LinkTls } from './link-tls.ts';
import { readProxyHeader } from './read-proxy-header.ts';
import type { Refusal } from './refusals.ts';

/** Rules for connections before they become links, from the node's settings. */
export interface AdmissionRules {
  readonly proxyProtocol: boolean;
  /** The networks with trusted PROXY headers. */
  readonly proxyFrom: readonly Network[];
  /** Empty for all networks. */
  readonly allow: readonly Network[];
  /** Maximum number of links of a node. */
  readonly maxLinks: number;
  readonly maxLinksPerAddress: number;
  readonly maxHandshakes: number;
  readonly maxHandshakesPerAddress: number;
  /** Time limit for everything before the link. */
  readonly handshakeMs: number;
}

/** A connection that may be used as a link. */
export interface Admitted {
  /** Paused or not yet read. */
  readonly socket: Socket;
  /** The msg_server's own address and port. */
  readonly peer: string;
}

export interface AdmissionOptions {
  readonly rules: AdmissionRules;
  /** Undefined for links in the clear. */
  readonly tls: LinkTls | undefined;
  readonly counters: Counters;
  readonly log: Logger;
  admitted(connection: Admitted): void;
}

/** A connection that is no link yet. */
interface Candidate {
  readonly raw: Socket;
  /** The msg_server's address as far as known: its own once the PROXY header has been read. */
  peer: Address;
  /** Bytes that its PROXY header took. */
  headerBytes: number;
  /** Made by a load balancer for itself. */
  isLocal: boolean;
  /** Why this node has cut it off, where it has. */
  cutOff: Refusal | undefined;
}

/** A handshake gives way to a new one after this part of the time that it may take. */
const SLOW_PART = 0.2;

/** Log interval for connections that send nothing. */
const CHECKS_LOGGED_MS = 3_600_000;

/**
 * The steps between a connection and its link: PROXY header, allowed networks, limits, TLS. A
 * connection that fails a step is closed silently and counted. One that closes without having sent
 * anything is a health check: it is counted as such, and not logged.
 */
export class Admission {
  readonly #options: AdmissionOptions;
  readonly #allowed: AllowedNetworks;
  readonly #proxies: AllowedNetworks;
  /** Connections that are links or become one. */
  readonly #seats = new ByAddress<Socket>();
  readonly #handshakes: Handshakes<Candidate>;
  readonly #checks = new RepeatedLine(CHECKS_LOGGED_MS);
  readonly #lines = new RepeatedLines<Refusal>();
  #closed = false;

  constructor(options: AdmissionOptions) {
    const { rules } = options;
    this.#options = options;
    this.#allowed = new AllowedNetworks(rules.allow);
    this.#proxies = new AllowedNetworks(rules.proxyFrom);
    const limits = { ...rules, slowMs: rules.handshakeMs * SLOW_PART };
    this.#handshakes = new Handshakes(limits, (candidate, reason) => {
      this.#cutOff(candidate, reason);
    });
  }

  /** Connections that are on their way to become links. */
  get handshakes(): number {
    return this.#handshakes.size;
  }

  /** Handles a new connection. */
  take(raw: Socket): void {
    const peer = {
      host: plainAddress(raw.remoteAddress ?? 'unknown'),
      port: raw.remotePort ?? 0,
    };
    const candidate: Candidate = {
      raw,
      peer,
      headerBytes: 0,
      isLocal: false,
      cutOff: undefined,
    };
    // An error is followed by the end of the connection.
    raw.on('error', () => undefined);
    const { rules, tls } = this.#options;
    if (this.#closed) {
      raw.destroy();
    } else if (rules.proxyProtocol && !this.#proxies.allows(peer.host)) {
      this.#refuse(candidate, 'not-a-proxy');
    } else if (!rules.proxyProtocol && tls === undefined) {
      if (this.#seat(candidate)) this.#options.admitted({ socket: raw, peer: addressText(peer) });
    } else {
      // A failure of one connection must not stop the node.
      this.#shakeHands(candidate).catch((error: unknown) => {
        this.#handshakes.leave(candidate);
        this.#refuse(candidate, 'failed', error instanceof Error ? error.stack : String(error));
      });
    }
  }

  /** A connection has ended without having sent anything. */
  checked(peer: string): void {
    this.#options.counters.checks++;
    this.#checks.write((suppressed) => {
      this.#options.log.info({
        event: 'connections-silent',
        peer,
        suppressed,
        hint: 'a connection to the link port sent nothing, like a health check; see route_connections_checks_total',
      });
    });
  }

  /** Admits no connection from now on; those that are on the way are cut off. */
  close(): void {
    this.#closed = true;
    for (const { raw } of this.#handshakes.all()) raw.destroy();
  }

  async #shakeHands(candidate: Candidate): Promise<void> {
    const { rules } = this.#options;
    if (!this.#enter(candidate)) return;
    const timer = setTimeout(
      () => this.#cutOff(candidate, 'handshake-too-slow'),
      rules.handshakeMs,
    );
    await this.#prepare(candidate);
    clearTimeout(timer);
    this.#handshakes.leave(candidate);
  }

  #enter(candidate: Candidate): boolean {
    const refusal = this.#handshakes.enter(candidate, candidate.peer.host);
    if (refusal !== undefined) this.#refuse(candidate, refusal);
    return refusal === undefined;
  }

  async #prepare(candidate: Candidate): Promise<void> {
    const { rules, tls, admitted } = this.#options;
    const { raw } = candidate;
    let isCheck = false;
    if (rules.proxyProtocol) {
      const outcome = await readProxyHeader(raw);
      if (outcome.kind === 'wrong') {
        return this.#refuse(candidate, 'proxy-header-wrong', outcome.problem);
      }
      if (outcome.kind === 'ended' || raw.destroyed) return this.#gone(candidate);
      candidate.headerBytes = outcome.bytes;
      const { header } = outcome;
      if (header.kind === 'proxied') {
        candidate.peer = { host: header.address, port: header.port };
        // From here on the msg_server may be slow, and occupies the place.
        this.#handshakes.leave(candidate);
        if (tls !== undefined && !this.#enter(candidate)) return;
      }
      candidate.isLocal = header.kind === 'local';
      // The balancer's own address need not be one that may open links.
      isCheck = candidate.isLocal && !this.#allowed.allows(candidate.peer.host);
    }
    if (!isCheck && !this.#seat(candidate)) return;
    const secured = await tls?.secure(raw);
    if (secured?.kind === 'failed') return this.#refuse(candidate, 'tls-failed', secured.problem);
    if (secured?.kind === 'ended' || raw.destroyed) return this.#gone(candidate);
    const socket = secured?.socket ?? raw;
    if (!isCheck) return admitted({ socket, peer: addressText(candidate.peer) });
    await leave(socket);
    this.checked(addressText(candidate.peer));
  }

  /** Whether the candidate may become a link; it is refused where it may not. */
  #seat(candidate: Candidate): boolean {
    const { raw, peer } = candidate;
    const refusal = this.#refusalOf(peer.host);
    if (refusal !== undefined) {
      this.#refuse(candidate, refusal);
      return false;
    }
    this.#seats.add(raw, peer.host);
    raw.once('close', () => this.#seats.delete(raw));
    return true;
  }

  #refusalOf(host: string): Refusal | undefined {
    const { maxLinks, maxLinksPerAddress } = this.#options.rules;
    if (!this.#allowed.allows(host)) return 'not-allowed';
    if (this.#seats.size >= maxLinks) return 'too-many-links';
    if (this.#seats.of(host).size >= maxLinksPerAddress) return 'too-many-links-of-address';
    return undefined;
  }

  #cutOff(candidate: Candidate, reason: Refusal): void {
    candidate.cutOff = reason;
    candidate.raw.destroy();
  }

  #gone(candidate: Candidate): void {
    if (this.#closed) return;
    const { raw, headerBytes, isLocal, cutOff, peer } = candidate;
    const isCheck = isLocal || raw.bytesRead <= headerBytes;
    if (isCheck && (cutOff === undefined || cutOff === 'handshake-too-slow')) {
      this.checked(addressText(peer));
    } else {
      this.#refuse(candidate, cutOff ?? 'abandoned');
    }
  }

  #refuse({ raw, peer }: Candidate, reason: Refusal, problem?: string): void {
    raw.destroy();
    this.turnedAway(peer, reason, problem);
  }

  /** Counts a connection that did not become a link, and logs it unless one was logged just now. */
  turnedAway(peer: Address, reason: Refusal, problem?: string): void {
    this.#options.counters.refused[reason]++;
    this.#lines.write(reason, (suppressed) => {
      this.#options.log.warn({
        event: 'connection-refused',
        reason,
        peer: addressText(peer),
        ...(problem !== undefined && { problem }),
        suppressed,
      });
    });
  }
}

/** Waits for the end of a connection that a load balancer has made to see that the node answers. */
async function leave(socket: Socket): Promise<void> {
  await new Promise<void>((resolve) => {
    socket.on('end', () => socket.end());
    socket.on('close', () => resolve());
    socket.resume();
  });
}
