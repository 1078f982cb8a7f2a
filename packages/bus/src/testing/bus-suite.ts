import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { type BusLimits, DEFAULT_LIMITS } from '../options.ts';
import type { BusTransport } from '../transport/transport.ts';
import { type RecordedBus, recordedBus } from './recorder.ts';
import { until } from './until.ts';

/** One node's place in a medium. */
export interface Place extends AsyncDisposable {
  readonly transport: BusTransport;
  /** Takes the node's connections away, with what is under way in them, and lets none come back. */
  cut(): void;
  /** Ends the cut. */
  mend(): void;
}

/** Something that joins nodes. */
export interface Medium {
  /** A place for one node of one namespace. */
  join(namespace: string, node: string): Promise<Place>;
}

const QUICK: Partial<BusLimits> = { heartbeatMs: 50, probeTimeoutMs: 400 };

/** What every medium must give, by real time. */
export function describeBus(name: string, medium: Medium): void {
  describe(`a bus over ${name}`, () => {
    test('entries reach every other node once and in order, and not their sender', async () => {
      await using nodes = await threeNodes(medium);
      const { a, b, c } = nodes;
      const sent: string[] = [];
      for (let i = 0; i < 500; i++) {
        a.bus.send(2 + (i % 3), Buffer.from(`entry ${i}`));
        sent.push(`a ${2 + (i % 3)} entry ${i}`);
        if (i % 7 === 0) await new Promise((resolve) => setImmediate(resolve));
      }
      await until('all are there', () => b.entries.length === 500 && c.entries.length === 500);
      expect(b.entries).toEqual(sent);
      expect(c.entries).toEqual(sent);
      expect(a.entries).toEqual([]);
    });

    test('what all nodes send at once reaches each of the others in its sender’s order', async () => {
      await using nodes = await threeNodes(medium);
      const { a, b, c } = nodes;
      for (let i = 0; i < 100; i++) {
        for (const { bus } of [a, b, c]) bus.send(2, Buffer.from(`${i}`));
        await new Promise((resolve) => setImmediate(resolve));
      }
      const sent = (name: string): string[] =>
        Array.from({ length: 100 }, (_, i) => `${name} 2 ${i}`);
      for (const { entries } of [a, b, c])
        await until('all are there', () => entries.length === 200);
      const from = (name: string, { entries }: RecordedBus): string[] =>
        entries.filter((entry) => entry.startsWith(name));
      for (const at of [b, c]) expect(from('a', at)).toEqual(sent('a'));
      for (const at of [a, c]) expect(from('b', at)).toEqual(sent('b'));
      for (const at of [a, b]) expect(from('c', at)).toEqual(sent('c'));
    });

    test('one tick’s entries travel as one frame, mergeable neighbours as one entry', async () => {
      await using nodes = await threeNodes(medium);
      const { a, b } = nodes;
      a.bus.send(1, Buffer.from('x'));
      a.bus.send(1, Buffer.from('y'));
      a.bus.send(2, Buffer.from('z'));
      a.bus.send(2, Buffer.from('z'));
      await until('the last is there', () => b.entries.length === 3);
      expect(b.entries).toEqual(['a 1 xy', 'a 2 z', 'a 2 z']);
      expect(a.bus.counters.framesSent).toBe(1);
    });

    test('an entry larger than a frame travels in parts and arrives whole, every byte as it was', async () => {
      await using nodes = await threeNodes(medium);
      const { a, b } = nodes;
      const large = randomBytes(3 * 1024 * 1024).toString('base64');
      a.bus.send(1, Buffer.from('before'));
      a.bus.send(2, Buffer.from(large));
      a.bus.send(1, Buffer.from('after'));
      await until('all are there', () => b.entries.length === 3);
      expect(b.entries).toEqual(['a 1 before', `a 2 ${large}`, 'a 1 after']);
      const { framesSent, bytesSent } = a.bus.counters;
      expect(framesSent).toBeGreaterThan(bytesSent / DEFAULT_LIMITS.maxFrameBytes);
    });

    test('a node of another namespace hears nothing', async () => {
      await using here = await threeNodes(medium);
      await using there = await threeNodes(medium);
      const { a, b } = here;
      const { c } = there;
      a.bus.send(1, Buffer.from('here'));
      await until('it is there', () => b.entries.length === 1);
      expect(c.entries).toEqual([]);
    });

    test('a flush ends once everything is out, and a close ends everything', async () => {
      await using nodes = await threeNodes(medium);
      const { a, b } = nodes;
      a.bus.send(1, Buffer.from('last'));
      await a.bus.flush();
      await a.bus.close();
      await until('it is there', () => b.entries.length === 1);
      expect(a.hearing).toEqual([true, false]);
    });

    test('a node that was cut off gets, in order, what was sent meanwhile', async () => {
      await using nodes = await threeNodes(medium);
      const { a, b, c, places } = nodes;
      const sent: string[] = [];
      const send = async (count: number): Promise<void> => {
        for (let i = 0; i < count; i++) {
          a.bus.send(2, Buffer.from(String(sent.length)));
          sent.push(`a 2 ${sent.length}`);
          await new Promise((resolve) => setImmediate(resolve));
        }
      };
      await send(50);
      places.b.cut();
      await until('it is deaf', () => !b.bus.responsive);
      await send(50);
      await until('the others have it', () => c.entries.length === 100);
      places.b.mend();
      await send(50);
      await until('all have everything', () =>
        [b, c].every(({ entries }) => entries.length === 150),
      );
      expect([b.entries, c.entries]).toEqual([sent, sent]);
      expect([b.losses, c.losses]).toEqual([[], []]);
    });

    test('a node that could not send sends it, in order, when it can again', async () => {
      await using nodes = await threeNodes(medium);
      const { a, b, places } = nodes;
      places.a.cut();
      await until('it is deaf', () => !a.bus.responsive);
      for (let i = 0; i < 20; i++) {
        a.bus.send(2, Buffer.from(String(i)));
        await new Promise((resolve) => setImmediate(resolve));
      }
      expect(b.entries).toEqual([]);
      places.a.mend();
      await until('all is there', () => b.entries.length === 20);
      expect(b.entries).toEqual(Array.from({ length: 20 }, (_, i) => `a 2 ${i}`));
    });

    test('a sender stops when a node is behind by the window, and loses nothing', async () => {
      await using nodes = await threeNodes(medium);
      const { a, b, c, places } = nodes;
      places.b.cut();
      const entry = Buffer.alloc(64 * 1024, 'x');
      let sent = 0;
      while (!a.bus.full) {
        a.bus.send(2, entry);
        sent += 1;
        await new Promise((resolve) => setImmediate(resolve));
      }
      await until('c has it', () => c.entries.length === sent);
      expect(a.bus.full).toBe(true);
      expect(a.bus.counters.windowBytes).toBeLessThan(a.bus.counters.shareBytes + 2 * entry.length);
      places.b.mend();
      await until('it goes on', () => !a.bus.full);
      await until('b has it', () => b.entries.length === sent);
      expect([a.losses, b.losses, c.losses]).toEqual([[], [], []]);
    });
  });
}

interface ThreeNodes extends AsyncDisposable {
  readonly a: RecordedBus;
  readonly b: RecordedBus;
  readonly c: RecordedBus;
  readonly places: { readonly a: Place; readonly b: Place; readonly c: Place };
}

/** Starts three nodes of one new namespace and waits until each hears itself. */
async function threeNodes(medium: Medium): Promise<ThreeNodes> {
  const namespace = `test-${randomBytes(6).toString('hex')}`;
  const join = (name: string): Promise<Place> => medium.join(namespace, name);
  const places = { a: await join('a'), b: await join('b'), c: await join('c') };
  const make = (nodeId: string, { transport }: Place): RecordedBus =>
    recordedBus({ nodeId, transport, mergeable: [1], limits: QUICK });
  const nodes = { a: make('a', places.a), b: make('b', places.b), c: make('c', places.c) };
  for (const { bus } of Object.values(nodes)) {
    await bus.start();
    bus.setLiveNodes(['a', 'b', 'c']);
  }
  await until('all hear', () => Object.values(nodes).every(({ bus }) => bus.responsive));
  const close = async (): Promise<void> => {
    for (const { bus } of Object.values(nodes)) await bus.close();
    for (const place of Object.values(places)) await place[Symbol.asyncDispose]();
  };
  return { ...nodes, places, [Symbol.asyncDispose]: close };
}
