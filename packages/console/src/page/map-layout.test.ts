import { expect, test } from 'vitest';
import { placeNodes, radiusOf } from './map-layout.ts';

test.each([
  [1, 200],
  [3, 24],
  [20, 200],
  [60, 600],
])('%i nodes with %i links have room, each apart from all others', (nodes, links) => {
  const counts = Array.from({ length: nodes }, () => Math.ceil(links / nodes));
  const placed = placeNodes(counts);
  expect(placed.map((node) => node.links.length)).toEqual(counts);
  expect(placed.every(({ hidden }) => hidden === 0)).toBe(true);
  const all = placed.flatMap((node) => node.links);
  let nearest = Number.POSITIVE_INFINITY;
  for (const [i, a] of all.entries()) {
    for (const b of all.slice(i + 1)) nearest = Math.min(nearest, Math.hypot(a.x - b.x, a.y - b.y));
  }
  expect(nearest).toBeGreaterThan(4);
  const radius = radiusOf(placed);
  for (const { x, y } of all) expect(Math.hypot(x, y)).toBeLessThan(radius);
});

test('counts links without room', () => {
  const [node] = placeNodes([100_000]);
  expect((node?.links.length ?? 0) + (node?.hidden ?? 0)).toBe(100_000);
  expect(node?.hidden).toBeGreaterThan(0);
});

test('no node is no trouble', () => {
  expect(placeNodes([])).toEqual([]);
  expect(radiusOf([])).toBeGreaterThan(0);
});
