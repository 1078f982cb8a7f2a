import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ProxyHeaderReader, type ProxyProgress } from './proxy-header.ts';

const SIGNATURE = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1');

/** A header by its parts, as the specification lays it out. */
function headerOf(options: {
  readonly versionAndCommand?: number;
  readonly family: number;
  readonly addresses: Buffer;
}): Buffer {
  const fixed = Buffer.from([options.versionAndCommand ?? 0x21, options.family, 0, 0]);
  fixed.writeUInt16BE(options.addresses.length, 2);
  return Buffer.concat([SIGNATURE, fixed, options.addresses]);
}

const V4 = Buffer.from('0a000007c0a800010fa02008', 'hex');
const V6 = Buffer.concat([
  Buffer.from('20010db8000000000000000000000007', 'hex'),
  Buffer.from('00000000000000000000000000000001', 'hex'),
  Buffer.from('0fa02008', 'hex'),
]);
const TLVS = Buffer.from('030004a1b2c3d4040003000000', 'hex');
const IPV4 = 0x11;
const IPV6 = 0x21;

function readAtOnce(bytes: Buffer): ProxyProgress {
  return new ProxyHeaderReader().push(bytes);
}

function problemOf(bytes: Buffer): string {
  const progress = readAtOnce(bytes);
  if (progress.kind !== 'wrong') throw new Error(`it is ${progress.kind}, expected wrong`);
  return progress.problem;
}

describe('a header gives the msg_server’s own address', () => {
  test.each([
    ['IPv4', headerOf({ family: IPV4, addresses: V4 }), '10.0.0.7'],
    ['IPv6', headerOf({ family: IPV6, addresses: V6 }), '2001:db8::7'],
    [
      'IPv4 with TLVs',
      headerOf({ family: IPV4, addresses: Buffer.concat([V4, TLVS]) }),
      '10.0.0.7',
    ],
    [
      'IPv6 with TLVs',
      headerOf({ family: IPV6, addresses: Buffer.concat([V6, TLVS]) }),
      '2001:db8::7',
    ],
  ])('%s', (_, bytes, address) => {
    expect(readAtOnce(Buffer.concat([bytes, Buffer.from('rest')]))).toEqual({
      kind: 'complete',
      header: { kind: 'proxied', address, port: 4000 },
      rest: Buffer.from('rest'),
    });
  });
});

test('an IPv4 address that is written as an IPv6 one is an IPv4 address', () => {
  const from = Buffer.from('00000000000000000000ffff0a000007', 'hex');
  const addresses = Buffer.concat([from, from, Buffer.from('0fa02008', 'hex')]);
  expect(readAtOnce(headerOf({ family: IPV6, addresses }))).toMatchObject({
    header: { kind: 'proxied', address: '10.0.0.7', port: 4000 },
  });
});

test.each([
  ['none', 0x00, Buffer.alloc(0)],
  ['IPv4 ones', IPV4, V4],
  ['ones of an unknown kind', 0x77, TLVS],
])(
  'recognises a load balancer’s own connection, with or without addresses: %s',
  (_, family, addresses) => {
    const bytes = headerOf({ versionAndCommand: 0x20, family, addresses });
    expect(readAtOnce(bytes)).toEqual({
      kind: 'complete',
      header: { kind: 'local' },
      rest: Buffer.alloc(0),
    });
  },
);

test.each([
  ['TCP4', '10.0.0.7', '10.0.0.7'],
  ['TCP6', '2001:0db8:0:0:0:0:0:7', '2001:db8::7'],
  ['TCP6', '::ffff:10.0.0.7', '10.0.0.7'],
])('a header of version 1 gives the msg_server’s own address: %s', (family, from, address) => {
  const to = family === 'TCP4' ? '192.168.0.1' : '::1';
  const line = `PROXY ${family} ${from} ${to} 4000 8200\r\nrest`;
  expect(readAtOnce(Buffer.from(line))).toEqual({
    kind: 'complete',
    header: { kind: 'proxied', address, port: 4000 },
    rest: Buffer.from('rest'),
  });
});

test.each([
  ['version 2', headerOf({ family: 0x00, addresses: Buffer.alloc(0) })],
  ['version 2 with TLVs', headerOf({ family: 0x00, addresses: TLVS })],
  ['version 1', Buffer.from('PROXY UNKNOWN\r\n')],
  ['version 1 with more', Buffer.from('PROXY UNKNOWN ffff::1 ffff::2 65535 65535\r\n')],
])('a relayed connection may be without addresses: %s', (_, bytes) => {
  expect(readAtOnce(Buffer.concat([bytes, Buffer.from('rest')]))).toEqual({
    kind: 'complete',
    header: { kind: 'unknown' },
    rest: Buffer.from('rest'),
  });
});

describe('an invalid header gives the reason', () => {
  test.each([
    ['a PDU', Buffer.from('00000010000100000007070100000000', 'hex'), 'it begins with 00000010'],
    ['a TLS handshake', Buffer.from('16030100c8010000c40303', 'hex'), '(a TLS handshake)'],
    ['an HTTP request', Buffer.from('GET / HTTP/1.1\r\n'), '(an HTTP request)'],
    [
      'a later version',
      headerOf({ versionAndCommand: 0x31, family: IPV4, addresses: V4 }),
      'its version is 3, expected 2',
    ],
    [
      'an unknown command',
      headerOf({ versionAndCommand: 0x22, family: IPV4, addresses: V4 }),
      'its command is 2',
    ],
    ['UDP', headerOf({ family: 0x12, addresses: V4 }), 'its family is 0x12'],
    [
      'a Unix socket',
      headerOf({ family: 0x31, addresses: Buffer.alloc(216) }),
      'its family is 0x31',
    ],
    [
      'cut-off addresses',
      headerOf({ family: IPV6, addresses: V4 }),
      'its addresses have 12 bytes, expected at least 36',
    ],
  ])('%s', (_, bytes, problem) => {
    expect(problemOf(bytes)).toContain(problem);
  });

  test.each([
    'PROXY TCP4 10.0.0.7 192.168.0.1 4000\r\n',
    'PROXY TCP4 10.0.0.7 192.168.0.1 4000 8200 more\r\n',
    'PROXY TCP4 2001:db8::7 2001:db8::1 4000 8200\r\n',
    'PROXY TCP6 10.0.0.7 192.168.0.1 4000 8200\r\n',
    'PROXY TCP4 10.0.0.256 192.168.0.1 4000 8200\r\n',
    'PROXY TCP4 10.0.0.7 192.168.0.1 65536 8200\r\n',
    'PROXY TCP4 10.0.0.7 192.168.0.1 04000 8200\r\n',
    'PROXY TCP6 fe80::1%eth0 ::1 4000 8200\r\n',
    'PROXY TCP6 ::1%]/? ::1 4000 8200\r\n',
    'PROXY UDP4 10.0.0.7 192.168.0.1 4000 8200\r\n',
    'PROXY \r\n',
  ])('of version 1: %j', (line) => {
    expect(problemOf(Buffer.from(line))).toContain(JSON.stringify(line.slice(0, -2)));
  });

  test('of version 1 that has no end', () => {
    const line = Buffer.from(`PROXY UNKNOWN ${'x'.repeat(200)}\r\n`);
    expect(problemOf(line)).toContain('does not end within 107 bytes');
  });

  test('at its first wrong byte', () => {
    const reader = new ProxyHeaderReader();
    expect(reader.push(Buffer.from('\r\n')).kind).toBe('incomplete');
    expect(reader.push(Buffer.from('G')).kind).toBe('wrong');
  });
});

const headers = fc
  .record({
    address: fc.oneof(
      fc
        .ipV4()
        .map((text) => ({ text, family: IPV4, bytes: Buffer.from(text.split('.').map(Number)) })),
      fc.uint8Array({ minLength: 16, maxLength: 16 }).map((ip) => ({
        text: undefined,
        family: IPV6,
        bytes: Buffer.from(ip),
      })),
    ),
    port: fc.nat(65_535),
    tlvBytes: fc.oneof(fc.nat(300), fc.constant(65_000)),
  })
  .map(({ address, port, tlvBytes }) => {
    const ports = Buffer.alloc(4);
    ports.writeUInt16BE(port);
    const to = Buffer.alloc(address.bytes.length);
    const addresses = Buffer.concat([address.bytes, to, ports, Buffer.alloc(tlvBytes, 0x5a)]);
    return { port, text: address.text, bytes: headerOf({ family: address.family, addresses }) };
  });

/** Pushes bytes in pieces of these sizes, repeatedly, until the result is not 'incomplete'. */
function readInPieces(
  bytes: Buffer,
  sizes: readonly number[],
): { progress: ProxyProgress; taken: number } {
  const reader = new ProxyHeaderReader();
  let progress: ProxyProgress = { kind: 'incomplete' };
  let taken = 0;
  for (let i = 0; taken < bytes.length && progress.kind === 'incomplete'; i++) {
    const size = sizes[i % sizes.length] ?? 1;
    progress = reader.push(bytes.subarray(taken, taken + size));
    taken = Math.min(bytes.length, taken + size);
  }
  return { progress, taken };
}

const lines = fc
  .record({ from: fc.ipV4(), port: fc.nat(65_535), isUnknown: fc.boolean() })
  .map(({ from, port, isUnknown }) => ({
    header: isUnknown ? { kind: 'unknown' } : { kind: 'proxied', address: from, port },
    bytes: Buffer.from(
      isUnknown ? 'PROXY UNKNOWN\r\n' : `PROXY TCP4 ${from} 10.0.0.1 ${port} 8200\r\n`,
    ),
  }));

const pieces = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 8 });

test('however it is cut, a header reads the same and nothing behind it is lost', () => {
  fc.assert(
    fc.property(headers, fc.uint8Array({ maxLength: 60 }), pieces, (header, behind, sizes) => {
      const bytes = Buffer.concat([header.bytes, behind]);
      const whole = readAtOnce(bytes);
      const { progress, taken } = readInPieces(bytes, sizes);
      if (whole.kind !== 'complete' || progress.kind !== 'complete')
        throw new Error('not complete');
      expect(progress.header).toEqual(whole.header);
      expect(whole.header).toMatchObject({ kind: 'proxied', port: header.port });
      if (header.text !== undefined) expect(whole.header).toMatchObject({ address: header.text });
      expect(whole.rest).toEqual(Buffer.from(behind));
      expect(Buffer.concat([progress.rest, bytes.subarray(taken)])).toEqual(Buffer.from(behind));
    }),
  );
});

test('the same holds for version 1', () => {
  fc.assert(
    fc.property(lines, fc.uint8Array({ maxLength: 60 }), pieces, (line, behind, sizes) => {
      const bytes = Buffer.concat([line.bytes, behind]);
      const { progress, taken } = readInPieces(bytes, sizes);
      if (progress.kind !== 'complete') throw new Error(`it is ${progress.kind}`);
      expect(progress.header).toEqual(line.header);
      expect(Buffer.concat([progress.rest, bytes.subarray(taken)])).toEqual(Buffer.from(behind));
    }),
  );
});

test('a header that lacks its last byte is incomplete, however it is cut', () => {
  fc.assert(
    fc.property(fc.oneof(headers, lines), pieces, ({ bytes }, sizes) => {
      expect(readInPieces(bytes.subarray(0, -1), sizes).progress.kind).toBe('incomplete');
    }),
  );
});

test('garbage is never accepted as a header', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 12, maxLength: 200 }), pieces, (array, sizes) => {
      const bytes = Buffer.from(array);
      fc.pre(!bytes.subarray(0, 12).equals(SIGNATURE) && !bytes.toString().startsWith('PROXY '));
      expect(readInPieces(bytes, sizes).progress.kind).toBe('wrong');
    }),
  );
});

const garbage = fc.oneof(
  fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.concat([SIGNATURE, bytes])),
  fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.concat([Buffer.from('PROXY '), bytes])),
  fc
    .array(fc.oneof(fc.ipV6(), fc.ipV4(), fc.nat(70_000).map(String), fc.string()), {
      maxLength: 5,
    })
    .map((fields) => Buffer.from(`PROXY TCP6 ${fields.join(' ')}\r\n`)),
);

test('garbage behind a beginning is wrong, incomplete or a header, and throws in no case', () => {
  fc.assert(
    fc.property(garbage, pieces, (bytes, sizes) => {
      const { progress } = readInPieces(bytes, sizes);
      expect(['wrong', 'incomplete', 'complete']).toContain(progress.kind);
      expect(readAtOnce(bytes).kind).toBe(progress.kind);
    }),
  );
});
