const PROXY_SIGNATURE = Buffer.from('0d0a0d0a000d0a515549540a', 'hex');

/**
 * Guesses the protocol from the first bytes of a connection that are no PDU and no PROXY header;
 * undefined if unclear.
 */
export function foreignProtocol(began: Buffer): string | undefined {
  const text = began.toString('latin1');
  if (began.length >= 2 && began[0] === 0x16 && began[1] === 3) return 'a TLS handshake';
  if (text.startsWith('PROXY ')) return 'a PROXY protocol header of version 1';
  if (began.length >= 12 && began.subarray(0, 12).equals(PROXY_SIGNATURE)) {
    return 'a PROXY protocol header of version 2';
  }
  if (/^(?:GET|HEAD|POST|PUT|OPTIONS|CONNECT) /.test(text)) return 'an HTTP request';
  if (text.startsWith('SSH-')) return 'SSH';
  return undefined;
}
