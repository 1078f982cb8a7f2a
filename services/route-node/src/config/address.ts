/** An address to listen on; IPv6 hosts are in brackets, as in [::1]:8200. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

/** Host and port of an address in text; undefined where it is none. */
export function parseAddress(text: string): Address | undefined {
  const [, v6, host, port] = ADDRESS.exec(text) ?? [];
  const name = v6 ?? host;
  if (name === undefined || port === undefined || Number(port) > 65_535) return undefined;
  return { host: name, port: Number(port) };
}

const ADDRESS = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]\s]+)):(\d{1,5})$/;

/** Formats an address as host:port, in the form that {@link parseAddress} reads. */
export function addressText({ host, port }: Address): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
