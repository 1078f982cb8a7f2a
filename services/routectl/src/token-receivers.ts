import { BlockList, isIP } from 'node:net';
import { CommandError, EXIT } from './exit-codes.ts';

/** The addresses to which the admin token may be sent. */
export class TokenReceivers {
  readonly #names = new Set<string>();
  readonly #networks = new BlockList();

  /** Adds a host:port, or a host with any port. */
  add(address: string): void {
    this.#names.add(address);
  }

  addNetwork(address: string, prefix: number): void {
    this.#networks.addSubnet(address, prefix, isIP(address) === 6 ? 'ipv6' : 'ipv4');
  }

  has(address: string): boolean {
    const host = address.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1');
    if (this.#names.has(address) || this.#names.has(host)) return true;
    const version = isIP(host);
    return version !== 0 && this.#networks.check(host, version === 6 ? 'ipv6' : 'ipv4');
  }
}

/** A host and a port as one address. */
export function addressOf(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/** Reads host:port, host or network/prefix, with commas between. @throws CommandError */
export function parseReceivers(name: string, text: string): TokenReceivers {
  const receivers = new TokenReceivers();
  for (const part of text === '' ? [] : text.split(',').map((each) => each.trim())) {
    const [, network = '', prefix] = /^([0-9A-Fa-f.:]+)\/(\d{1,3})$/.exec(part) ?? [];
    const version = isIP(network);
    if (prefix !== undefined && version !== 0 && Number(prefix) <= (version === 4 ? 32 : 128)) {
      receivers.addNetwork(network, Number(prefix));
    } else if (
      isIP(part) !== 0 ||
      /^(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9_.-]+)(?::\d{1,5})?$/.test(part)
    ) {
      receivers.add(part);
    } else {
      throw new CommandError(
        EXIT.usage,
        `${name} is ${JSON.stringify(text)}: expected host[:port] or network/prefix, with commas between`,
      );
    }
  }
  return receivers;
}
