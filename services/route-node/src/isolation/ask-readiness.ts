import { request } from 'node:http';
import { z } from 'zod';
import { parseAddress } from '../config/address.ts';
import type { ReadinessAnswer } from './isolation-watch.ts';

/** How long an answer may take, from the connection to its last byte. */
const TIMEOUT_MS = 1000;

/** No node's answer is longer; a longer one is from another program. */
const MAX_BYTES = 4096;

const answerSchema = z.object({ node: z.string() });

/**
 * Asks a node's admin port whether it is ready; undefined if no node answers. Sends no token,
 * follows no redirect, and limits the length of the answer.
 */
export async function askReadiness(address: string): Promise<ReadinessAnswer | undefined> {
  const parsed = parseAddress(address);
  if (parsed === undefined || parsed.port === 0) return undefined;
  return await new Promise((resolve) => {
    const asked = request(
      { ...parsed, path: '/readyz', agent: false, signal: AbortSignal.timeout(TIMEOUT_MS) },
      (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (part: string) => {
          text += part;
          if (text.length > MAX_BYTES) asked.destroy();
        });
        response.on('end', () => resolve(answerOf(text, response.statusCode)));
        response.on('error', () => resolve(undefined));
      },
    );
    asked.on('error', () => resolve(undefined));
    asked.on('close', () => resolve(undefined));
    asked.end();
  });
}

function answerOf(text: string, status: number | undefined): ReadinessAnswer | undefined {
  if (status !== 200 && status !== 503) return undefined;
  try {
    const { node } = answerSchema.parse(JSON.parse(text));
    return { node, ready: status === 200 };
  } catch {
    return undefined; // another program answers there
  }
}
