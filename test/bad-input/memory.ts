import { expect } from 'vitest';
import type { RouteNode } from '../harness/index.ts';

const MIB = 1_048_576;

/**
 * How much more a node may hold after many rounds than after the first few. What the collector has
 * not come to yet, and what allocators keep of freed memory, came to 35 MiB at most where this was
 * measured; the tests send several times the bound through the node, so that keeping a part of it
 * would show.
 */
const MOST_GROWTH = 64 * MIB;

/** Bytes that pass through the node in a test of its memory. */
export const BYTES_PASSED = 4 * MOST_GROWTH;

async function resident(node: RouteNode): Promise<number> {
  return await node.metric('process_resident_memory_bytes');
}

/**
 * Does the same many times over and expects that the node holds no more at the end than after the
 * first tenth of the rounds, in which it has grown to its working size.
 */
export async function expectFlatMemory(
  node: RouteNode,
  rounds: number,
  round: () => Promise<void>,
): Promise<void> {
  const warmUp = Math.ceil(rounds / 10);
  for (let index = 0; index < warmUp; index++) await round();
  const before = await resident(node);
  for (let index = warmUp; index < rounds; index++) await round();
  const growth = (await resident(node)) - before;
  expect(growth).toBeLessThan(MOST_GROWTH);
}
