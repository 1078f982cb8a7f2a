import { BlockList, isIP } from 'node:net';

/** One network in CIDR notation, or one address. */
export interface Network {
  readonly address: string;
  readonly family: 'ipv4' | 'ipv6';
  /** Bits that all addresses of the network have in common. */
  readonly prefix: number;
}

/** Reads 10.0.0.0/8, fd00::/8 or a single address; undefined where it is none. */
export function parseNetwork(text: string): Network | undefined {
  const [, address = '', digits] = /^([0-9a-fA-F:.]+)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
  const version = isIP(address);
  if (version === 0) return undefined;
  const bits = version === 4 ? 32 : 128;
  const prefix = digits === undefined ? bits : Number(digits);
  if (prefix > bits) return undefined;
  return { address, family: version === 4 ? 'ipv4' : 'ipv6', prefix };
}

/** An address in the form that sockets report, with a mapped IPv4 one as IPv4. */
export function plainAddress(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address);
  return mapped?.[1] ?? address;
}

/** The networks that may open links; without any, all may. */
export class AllowedNetworks {
  readonly #list = new BlockList();
  readonly #everywhere: boolean;

  constructor(networks: readonly Network[]) {
    this.#everywhere = networks.length === 0;
    for (const { address, family, prefix } of networks) {
      this.#list.addSubnet(address, prefix, family);
    }
  }

  /** Whether an address may open links. */
  allows(address: string): boolean {
    return this.#everywhere || this.#list.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');
  }
}
