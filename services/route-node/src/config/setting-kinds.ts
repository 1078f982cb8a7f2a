import { readFileSync } from 'node:fs';
import { MOST_CLIENT_TYPE, STANDARD_CLIENT_TYPES } from '@route/protocol';
import { errorText } from '@route/redis';
import { z } from 'zod';
import { type Address, parseAddress } from './address.ts';
import { type Network, parseNetwork } from './networks.ts';

/** A text of which `read` makes a value; undefined from it refuses the text with `expected`. */
function readAs<Value>(read: (text: string) => Value | undefined, expected: string) {
  return z.string().transform((text, context): Value => {
    const value = read(text);
    if (value !== undefined) return value;
    context.addIssue({ code: 'custom', message: expected });
    return z.NEVER;
  });
}

/** The parts between the commas of a list; none for an empty text. */
function partsOf(text: string): string[] {
  return text === '' ? [] : text.split(',').map((part) => part.trim());
}

/** The value of each part; undefined unless all parts have one. */
function allOf<Value>(
  parts: readonly string[],
  read: (part: string) => Value | undefined,
): readonly Value[] | undefined {
  const values = parts.map(read).filter((value) => value !== undefined);
  return values.length === parts.length ? values : undefined;
}

export const address = readAs(
  parseAddress,
  'expected host:port, with a port from 0 to 65535',
).describe('host:port');

function reachableAddress(text: string): Address | undefined {
  const parsed = parseAddress(text);
  return parsed?.port === 0 ? undefined : parsed;
}

export const addresses = readAs(
  (text) => allOf(partsOf(text), reachableAddress),
  'expected host:port,host:port,..., with ports from 1 to 65535',
).describe('host:port,host:port,...');

/** Addresses as they are announced, and where each is reached. */
export const addressMap = readAs((text): ReadonlyMap<string, Address> | undefined => {
  const pairs = allOf(partsOf(text), (part) => {
    const [announced = '', reached = '', ...rest] = part.split('=').map((one) => one.trim());
    const from = parseAddress(announced);
    const to = reachableAddress(reached);
    if (from === undefined || to === undefined || rest.length > 0) return undefined;
    return [`${from.host}:${from.port}`, to] as const;
  });
  return pairs && new Map(pairs);
}, 'expected announced-host:port=host:port,..., with ports from 1 to 65535').describe(
  'announced-host:port=host:port,...',
);

/** A PEM file, read at start; undefined where none is named. */
export const pemFile = z
  .string()
  .transform((path, context) => (path === '' ? undefined : readPem(path, context)))
  .describe('path of a PEM file');

/** The path of a PEM file, which must be readable at the start; undefined without one. */
export const pemPath = z
  .string()
  .transform((path, context): string | undefined => {
    if (path === '') return undefined;
    readPem(path, context);
    return path;
  })
  .describe('path of a PEM file');

function readPem(path: string, context: z.RefinementCtx): string {
  try {
    const text = readFileSync(path, 'utf8');
    if (text.includes('-----BEGIN ')) return text;
    context.addIssue({ code: 'custom', message: 'expected a file in PEM format' });
  } catch (error) {
    const reason = errorText(error);
    context.addIssue({ code: 'custom', message: `expected a readable file (${reason})` });
  }
  return z.NEVER;
}

export const networks = z
  .string()
  .transform((text, context): readonly Network[] => {
    const parts = partsOf(text);
    const parsed = allOf(parts, parseNetwork);
    if (parsed !== undefined) return parsed;
    const bad = parts.find((part) => parseNetwork(part) === undefined);
    context.addIssue({
      code: 'custom',
      message: `expected networks as 10.0.0.0/8,fd00::/8, and ${JSON.stringify(bad)} is none`,
    });
    return z.NEVER;
  })
  .describe('networks, separated by commas');

function clientType(text: string): number | undefined {
  const type = Number(text);
  if (!/^(?:0x[0-9a-fA-F]{1,4}|\d{1,5})$/.test(text)) return undefined;
  if (type < 1 || type > MOST_CLIENT_TYPE) return undefined;
  return STANDARD_CLIENT_TYPES.of(type) === undefined ? type : undefined;
}

/** Client types as numbers, decimal or hexadecimal, that are not among those of the protocol. */
export const clientTypes = readAs(
  (text) => allOf(partsOf(text), clientType),
  `expected 0x13,0x14,... from 1 to ${MOST_CLIENT_TYPE}, except 0x01, 0x02, 0x11 and 0x12`,
).describe('numbers, decimal or hexadecimal, separated by commas');

export const hostName = z
  .string()
  .regex(/^[A-Za-z0-9_.:-]{0,253}$/, 'expected a host name or an address')
  .describe('host name or address');

export const namespace = z
  .string()
  .regex(/^[A-Za-z0-9_.:-]{1,64}$/, 'expected 1 to 64 of A-Z a-z 0-9 _ . : -')
  .describe('1 to 64 of A-Z a-z 0-9 _ . : -');

export const text = z.string().describe('text');

function isRedisUrl(text: string): boolean {
  const url = URL.parse(text);
  return url !== null && /^rediss?:$/.test(url.protocol) && url.hostname !== '';
}

export const redisUrl = z
  .string()
  .refine(
    isRedisUrl,
    'expected redis://[user:password@]host[:port][/database], or rediss:// for TLS',
  )
  .describe('redis:// or rediss:// URL');

/** Long enough not to be guessed, and fit for a header. */
export const adminToken = z
  .string()
  .regex(/^$|^[\x21-\x7e]{16,512}$/, 'expected 16 to 512 visible ASCII characters without spaces')
  .describe('16 to 512 visible ASCII characters without spaces');

export const hostNames = readAs((text): readonly string[] | undefined => {
  const names = partsOf(text);
  return names.every((name) => /^[A-Za-z0-9_.-]{1,253}$/.test(name)) ? names : undefined;
}, 'expected name,name,..., without ports').describe('names, separated by commas');

function number(form: RegExp, unit: string, [least, most]: readonly [number, number]) {
  const range = `${unit} from ${least} to ${most}`;
  const message = `expected ${unit === 'seconds' ? '' : 'a '}${range}`;
  return z
    .string()
    .regex(form, message)
    .transform(Number)
    .refine((n) => n >= least && n <= most, message)
    .describe(range);
}

export const whole = (least: number, most: number) =>
  number(/^\d+$/, 'whole number', [least, most]);

export const seconds = (least: number, most: number) =>
  number(/^\d+(\.\d+)?$/, 'seconds', [least, most]);

export function oneOf<const Choice extends readonly [string, ...string[]]>(choices: Choice) {
  return z
    .enum(choices, { error: `expected ${choices.join(' or ')}` })
    .describe(choices.join(' or '));
}

/** 1 for yes, 0 for no. */
export const zeroOrOne = oneOf(['0', '1'])
  .transform((digit) => digit === '1')
  .describe('0 or 1');

/** `off`, or per cent. */
export const offOrPercent = z
  .string()
  .regex(/^(?:off|[1-9]\d{0,3})$/, 'expected off, or per cent from 1 to 9999')
  .transform((text) => (text === 'off' ? undefined : Number(text)))
  .describe('off, or per cent from 1 to 9999');
