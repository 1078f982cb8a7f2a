import { z } from 'zod';
import { ApiError } from './api-error.ts';

/**
 * Reads a query by its schema, a strict object of texts.
 * @throws ApiError that names every parameter that is wrong or unknown.
 */
export function readQuery<T>(schema: z.ZodType<T>, query: URLSearchParams): T {
  const given = Object.fromEntries(query);
  const parsed = schema.safeParse(given);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map((issue) => {
    if (issue.code === 'unrecognized_keys') return `${issue.keys.join(', ')} is unknown here`;
    const name = String(issue.path[0]);
    return `${name} is ${JSON.stringify(given[name] ?? '')}: ${issue.message}`;
  });
  throw new ApiError('bad-request', `query that cannot be used: ${problems.join('; ')}`);
}

/** One or several in a query, with commas between. */
export function listOf(isOne: (text: string) => boolean, expected: string) {
  return z
    .string()
    .transform((text) => text.split(',').map((part) => part.trim()))
    .refine((parts) => parts.every(isOne), `expected ${expected}`);
}
