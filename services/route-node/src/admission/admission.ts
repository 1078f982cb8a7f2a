import type { Socket } from 'node:net';
import { type Address, addressText } from '../address.ts';
import type { Counters } from '../counters.ts';
import { type Logger, RepeatedLine } from '../log.ts';
import type { LinkTls } from './link-tls.ts';
import { AllowedNetworks, type Network, plainAddress } from './networks.ts';
import { readProxyHeader } from './read-proxy-header.ts';
import type { Refusal } from './refusals.ts';
import { type SeatLimits, Seats } from './seats.ts';

/** Who may become a link, and what comes before; from the node's settings. */
export interface AdmissionRules extends SeatLimits {
  readonly proxyProtocol: boolean;
  /** Empty for everybody. */
  readonly allow: readonly Network[];
  readonly maxHandshakes: number;
  /** How long all that comes before the link may take. */
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
  /** The msg_server as far as is known: its own address once the PROXY protocol has told it. */
  peer: Address;
  isLate: boolean;
}

/**
 * What stands between a connection and its becoming a link: the PROXY protocol's header, the allowed
 * networks, the limits, TLS. Whoever fails in any of it is closed without a word, and counted.
 */
export class Admission {
  readonly #options: AdmissionOptions;
  readonly #allowed: AllowedNetworks;
  readonly #seats: Seats;
  readonly #candidates = new Set<Candidate>();
  readonly #lines = new Map<Refusal, RepeatedLine>();
  #closed = false;

  constructor(options: AdmissionOptions) {
    this.#options = options;
    this.#allowed = new AllowedNetworks(options.rules.allow);
    this.#seats = new Seats(options.rules);
  }

  /** Connections that are on their way to become links. */
  get handshakes(): number {
    return this.#candidates.size;
  }

  /** Takes charge of a connection that was just made. */
  take(raw: Socket): void {
    const peer = {
      host: plainAddress(raw.remoteAddress ?? 'unknown'),
      port: raw.remotePort ?? 0,
    };
    const candidate: Candidate = { raw, peer, isLate: false };
    // What an error says comes as the end of the connection too.
    raw.on('error', () => undefined);
    const { rules, tls } = this.#options;
    if (this.#closed) {
      raw.destroy();
    } else if (!rules.proxyProtocol && tls === undefined) {
      if (this.#seat(candidate)) this.#options.admitted({ socket: raw, peer: addressText(peer) });
    } else if (this.#candidates.size >= rules.maxHandshakes) {
      this.#refuse(candidate, 'too-many-handshakes');
    } else {
      void this.#shakeHands(candidate);
    }
  }

  /** Takes nobody in any more; who is on the way is cut off. */
  close(): void {
    this.#closed = true;
    for (const { raw } of this.#candidates) raw.destroy();
  }

  async #shakeHands(candidate: Candidate): Promise<void> {
    const { raw } = candidate;
    this.#candidates.add(candidate);
    const timer = setTimeout(() => {
      candidate.isLate = true;
      raw.destroy();
    }, this.#options.rules.handshakeMs);
    await this.#prepare(candidate);
    clearTimeout(timer);
    this.#candidates.delete(candidate);
  }

  async #prepare(candidate: Candidate): Promise<void> {
    const { rules, counters, tls, admitted } = this.#options;
    const { raw } = candidate;
    let isCheck = false;
    if (rules.proxyProtocol) {
      const header = await readProxyHeader(raw);
      if (header.kind === 'wrong') {
        return this.#refuse(candidate, 'proxy-header-wrong', header.problem);
      }
      if (header.kind === 'ended' || raw.destroyed) return this.#gone(candidate);
      isCheck = header.kind === 'local';
      if (header.kind === 'proxied') candidate.peer = { host: header.address, port: header.port };
    }
    if (!isCheck && !this.#seat(candidate)) return;
    const secured = await tls?.secure(raw);
    if (secured?.kind === 'failed') return this.#refuse(candidate, 'tls-failed', secured.problem);
    if (secured?.kind === 'ended' || raw.destroyed) return this.#gone(candidate);
    const socket = secured?.socket ?? raw;
    if (!isCheck) return admitted({ socket, peer: addressText(candidate.peer) });
    counters.checks++;
    await leave(socket);
  }

  /** Whether the candidate may become a link; it is refused where it may not. */
  #seat(candidate: Candidate): boolean {
    const { host } = candidate.peer;
    if (!this.#allowed.allows(host)) {
      this.#refuse(candidate, 'not-allowed');
      return false;
    }
    const refusal = this.#seats.take(host);
    if (refusal !== undefined) {
      this.#refuse(candidate, refusal);
      return false;
    }
    candidate.raw.once('close', () => this.#seats.leave(host));
    return true;
  }

  #gone(candidate: Candidate): void {
    if (!this.#closed)
      this.#refuse(candidate, candidate.isLate ? 'handshake-too-slow' : 'given-up');
  }

  #refuse({ raw, peer }: Candidate, reason: Refusal, problem?: string): void {
    raw.destroy();
    this.#options.counters.refused[reason]++;
    const line = this.#lines.get(reason) ?? new RepeatedLine();
    this.#lines.set(reason, line);
    line.write((heldBack) => {
      this.#options.log.warn({
        event: 'connection-refused',
        reason,
        peer: addressText(peer),
        ...(problem !== undefined && { problem }),
        heldBack,
      });
    });
  }
}

/** Waits for the end of a connection that a load balancer has made to see that somebody answers. */
async function leave(socket: Socket): Promise<void> {
  await new Promise<void>((resolve) => {
    socket.on('end', () => socket.end());
    socket.on('close', () => resolve());
    socket.resume();
  });
}
