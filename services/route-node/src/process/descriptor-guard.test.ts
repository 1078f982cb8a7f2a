import { pino } from 'pino';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { DescriptorGuard } from './descriptor-guard.ts';
import { type Descriptors, readDescriptors, reservedDescriptors } from './descriptors.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

async function scene(wanted: number, descriptors: Descriptors) {
  const state = { descriptors, out: false, connections: 0, most: Number.NaN };
  const lines: Record<string, unknown>[] = [];
  const exhausted: boolean[] = [];
  const guard = new DescriptorGuard({
    port: {
      connections: async () => state.connections,
      setMaxConnections: (count) => {
        state.most = count;
      },
    },
    wanted,
    log: pino({}, { write: (line) => lines.push(JSON.parse(line)) }),
    read: async () => {
      if (state.out) throw Object.assign(new Error('EMFILE'), { code: 'EMFILE' });
      return state.descriptors;
    },
    exhausted: (holds) => exhausted.push(holds),
  });
  await guard.start();
  return { guard, state, lines, exhausted };
}

test('reports a limit too low for the settings, with both numbers', async () => {
  const { lines, state } = await scene(2000, { open: 30, limit: 1024 });
  expect(state.most).toBe(1024 - 30 - 128);
  expect(lines).toMatchObject([{ event: 'descriptors-few', limit: 1024, roomForLinks: 866 }]);
  expect(lines[0]?.['hint']).toContain('takes 2158');
  expect((await scene(800, { open: 30, limit: 1024 })).lines).toEqual([]);
});

test('descriptors opened later reduce the room for links', async () => {
  const { state, exhausted } = await scene(10, { open: 30, limit: 1024 });
  state.connections = 500;
  state.descriptors = { open: 30 + 500 + 300, limit: 1024 };
  await vi.advanceTimersByTimeAsync(10_000);
  expect(state.most).toBe(866 - 300);
  expect(exhausted).toEqual([]);
  state.descriptors = { open: 30 + 500 + 400, limit: 1024 };
  await vi.advanceTimersByTimeAsync(10_000);
  expect(exhausted).toEqual([true]);
});

test('a node whose links use their whole share reports it at once, and checks again every second', async () => {
  const { guard, state, exhausted } = await scene(10, { open: 30, limit: 1024 });
  state.connections = 866;
  state.descriptors = { open: 896, limit: 1024 };
  guard.turnedAway();
  expect(exhausted).toEqual([true]);
  await vi.advanceTimersByTimeAsync(1000);
  expect(exhausted).toEqual([true]);
  state.connections = 865;
  state.descriptors = { open: 895, limit: 1024 };
  await vi.advanceTimersByTimeAsync(1000);
  expect(exhausted).toEqual([true, false]);
});

test('without a descriptor to check with, accepts no further link, and logs it', async () => {
  const { state, lines, exhausted } = await scene(10, { open: 30, limit: 1024 });
  state.connections = 400;
  state.out = true;
  await vi.advanceTimersByTimeAsync(10_000 + 5000);
  expect(state.most).toBe(400);
  expect(exhausted).toEqual([true]);
  expect(lines.map(({ event }) => event)).toEqual(['descriptors-out']);
  state.out = false;
  state.descriptors = { open: 430, limit: 1024 };
  await vi.advanceTimersByTimeAsync(1000);
  expect(exhausted).toEqual([true, false]);
});

test('the reserve is a part of the limit, within bounds', () => {
  expect([64, 256, 1024, 1_048_576].map(reservedDescriptors)).toEqual([16, 32, 128, 256]);
});

test('reads the number of descriptors on Linux', async () => {
  vi.useRealTimers();
  const descriptors = await readDescriptors();
  if (process.platform !== 'linux') return;
  expect(descriptors?.open).toBeGreaterThan(2);
  expect(descriptors?.limit).toBeGreaterThan(descriptors?.open ?? 0);
});
