import { readFileSync } from 'node:fs';
import { MOST_CLIENT_TYPE, STANDARD_CLIENT_TYPES } from '@route/protocol';
import { errorText } from '@route/redis';
import { z } from 'zod';
import { type Address, parseAddress } from './address.ts';
import { type Network, parseNetwork } from './networks.ts';

export const address = z
  .string()
  .transform((text, context): Address => {
    const parsed = parseAddress(text);
    if (parsed !== undefined) return parsed;
    context.addIssue({
      code: 'custom',
      message: 'expected host:port, with a port from 0 to 65535',
    });
    return z.NEVER;
  })
  .describe('host:port');

/** The parts between the commas of a list; none for an empty text. */
function partsOf(text: string): string[] {
  return text === '' ? [] : text.split(',').map((part) => part.trim());
}

export const addresses = z
  .string()
  .transform((text, context): readonly Address[] => {
    const parsed = partsOf(text).map(parseAddress);
    const all = parsed.filter((one) => one !== undefined && one.port > 0);
    if (all.length === parsed.length) return all.filter((one) => one !== undefined);
    context.addIssue({
      code: 'custom',
      message: 'expected host:port,host:port,..., with ports from 1 to 65535',
    });
    return z.NEVER;
  })
  .describe('host:port,host:port,...');

/** Addresses as they are announced, and where each is reached. */
export const addressMap = z
  .string()
  .transform((text, context): ReadonlyMap<string, Address> | undefined => {
    if (text === '') return undefined;
    const pairs = partsOf(text).map((part) => part.split('=').map((one) => one.trim()));
    const map = new Map<string, Address>();
    for (const [announced = '', reached = '', ...rest] of pairs) {
      const from = parseAddress(announced);
      const to = parseAddress(reached);
      if (from === undefined || to === undefined || rest.length > 0 || to.port === 0) {
        context.addIssue({
          code: 'custom',
          message: 'expected announced-host:port=host:port,..., with ports from 1 to 65535',
        });
        return z.NEVER;
      }
      map.set(`${from.host}:${from.port}`, to);
    }
    return map;
  })
  .describe('announced-host:port=host:port,...');

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
    const parsed = parts.map(parseNetwork).filter((network) => network !== undefined);
    if (parsed.length === parts.length) return parsed;
    const bad = parts.find((part) => parseNetwork(part) === undefined);
    context.addIssue({
      code: 'custom',
      message: `expected networks as 10.0.0.0/8,fd00::/8, and ${JSON.stringify(bad)} is none`,
    });
    return z.NEVER;
  })
  .describe('networks, separated by commas');

/** Client types as numbers, decimal or hexadecimal, that are not among those of the protocol. */
export const clientTypes = z
  .string()
  .transform((text, context): readonly number[] => {
    const parts = partsOf(text);
    const isGood = (part: string): boolean => {
      const number = Number(part);
      if (!/^(?:0x[0-9a-fA-F]{1,4}|\d{1,5})$/.test(part)) return false;
      return (
        number > 0 && number <= MOST_CLIENT_TYPE && STANDARD_CLIENT_TYPES.of(number) === undefined
      );
    };
    if (parts.every(isGood)) return parts.map(Number);
    context.addIssue({
      code: 'custom',
      message: `expected 0x13,0x14,... from 1 to ${MOST_CLIENT_TYPE}, except 0x01, 0x02, 0x11 and 0x12`,
    });
    return z.NEVER;
  })
  .describe('numbers, decimal or hexadecimal, separated by commas');

export const hostName = z
  .string()
  .regex(/^[A-Za-z0-9_.:-]{0,253}$/, 'expected a host name or an address')
  .describe('host name or address');

export const namespace = z
  .string()
  .regex(/^[A-Za-z0-9_.:-]{1,64}$/, 'expected 1 to 64 of A-Z a-z 0-9 _ . : -')
  .describe('1 to 64 of A-Z a-z 0-9 _ . : -');

export const text = z.string().describe('text');

export const redisUrl = z
  .string()
  .superRefine((text, context) => {
    const url = URL.canParse(text) ? new URL(text) : undefined;
    if (url === undefined || !['redis:', 'rediss:'].includes(url.protocol) || url.hostname === '') {
      context.addIssue({
        code: 'custom',
        message: 'expected redis://[user:password@]host[:port][/database], or rediss:// for TLS',
      });
    }
  })
  .describe('redis:// or rediss:// URL');

/** Long enough not to be guessed, and fit for a header. */
export const adminToken = z
  .string()
  .regex(/^$|^[\x21-\x7e]{16,512}$/, 'expected 16 to 512 visible ASCII characters without spaces')
  .describe('16 to 512 visible ASCII characters without spaces');

export const hostNames = z
  .string()
  .transform((text, context): readonly string[] => {
    const names = partsOf(text);
    if (names.every((name) => /^[A-Za-z0-9_.-]{1,253}$/.test(name))) return names;
    context.addIssue({ code: 'custom', message: 'expected name,name,..., without ports' });
    return z.NEVER;
  })
  .describe('names, separated by commas');

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
