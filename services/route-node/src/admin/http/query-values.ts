import { z } from 'zod';

/** A whole number in a query. */
export function wholeNumber(least: number, most: number) {
  const message = `expected a whole number from ${least} to ${most}`;
  return z
    .string()
    .regex(/^\d+$/, message)
    .transform(Number)
    .refine((n) => n >= least && n <= most, message);
}

/** Yes or no in a query. */
export const flag = z
  .enum(['0', '1'], { error: 'expected 0 or 1' })
  .transform((text) => text === '1');

/** One or several in a query, with commas between. */
export function listOf(isOne: (text: string) => boolean, expected: string) {
  return z
    .string()
    .transform((text) => text.split(',').map((part) => part.trim()))
    .refine((parts) => parts.every(isOne), `expected ${expected}`);
}
