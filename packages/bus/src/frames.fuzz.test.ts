import { fuzz, fuzzTimeoutMs, mutate } from '@route/random';
import { expect, test, vi } from 'vitest';
import { ManualClock } from './testing/manual-clock.ts';
import { type RecordedBus, recordedBus } from './testing/recorder.ts';
import { MemoryHub } from './transport/memory-hub.ts';
import { encodeAck } from './wire/ack-frame.ts';
import { addressed, encodeEnvelope } from './wire/addressed.ts';
import { encodeData, encodeLeave } from './wire/data-frame.ts';
import { encodeHeartbeat } from './wire/heartbeat-frame.ts';
import { cutIntoParts } from './wire/parts.ts';

vi.setConfig({ testTimeout: fuzzTimeoutMs() });

const TEXT = Buffer.from('an entry');

/** Frames as nodes publish them, in the name of 'a' and of a node that is not known. */
const CORPUS: readonly Buffer[] = ['a', 'stranger'].flatMap(frames);

function frames(sender: string): Buffer[] {
  const prevSeqs = [{ node: 'b', prevSeq: 1 }];
  const parts = [...cutIntoParts({ kind: 1, bytes: Buffer.alloc(2000) }, 600)];
  const entries = [{ kind: 1, bytes: TEXT }, addressed('b', { kind: 2, bytes: TEXT }), ...parts];
  const flags = { asksAck: true, hearsOwn: true };
  const ack = encodeAck({
    ...{ sender, to: 'b', tail: 9, heard: 3, owed: 4, acked: 2, credited: 2, last: 9, gone: 2 },
    hearingMs: 100,
    missing: [{ first: 3, last: 4 }],
    silent: [{ node: 'c', silentMs: 500 }],
    ...{ asksAck: true, restart: true, queued: false },
  });
  const data = encodeData({ sender, sequence: 3 }, entries, new Set());
  return [
    Buffer.concat(data),
    Buffer.concat(encodeData({ sender, sequence: 4, prevSeqs, flags: 1 }, entries, new Set())),
    encodeHeartbeat({ sender, tail: 9, tailForAll: 4, seq: 3, ...flags }),
    ack,
    encodeLeave({ sender, sequence: 9, prevSeqs }),
    encodeLeave({ sender, sequence: 9 }),
    Buffer.concat(encodeEnvelope(sender, 'b', data)),
    Buffer.concat(encodeEnvelope(sender, 'b', [ack])),
  ];
}

test('mutated frames stop no node, cost bounded memory, and what they have broken heals', async () => {
  const clock = new ManualClock();
  const hub = new MemoryHub(clock);
  const node = (nodeId: string): RecordedBus =>
    recordedBus({ nodeId, transport: hub.join(nodeId), clock, limits: { retentionMs: 2000 } });
  const nodes = [node('a'), node('b')];
  const forger = hub.join('forger');
  await forger.open({ onFrame: () => {}, onUp: () => {}, onError: () => {} });
  for (const { bus } of nodes) await bus.start();
  const list = (): void => {
    for (const { bus } of nodes) bus.setLiveNodes(['a', 'b']);
  };
  let inputs = 0;
  fuzz('bus frames', (random) => {
    inputs += 1;
    forger.publish([mutate(random, CORPUS)], random.chance(0.5) ? 'b' : undefined);
    if (inputs % 10 === 0) clock.advance(1);
    if (inputs % 1000 !== 0) return;
    list();
    for (const { bus, entries, losses, foreign } of nodes) {
      bus.send(0, Buffer.from('between'));
      expect(bus.peers.length).toBeLessThanOrEqual(256);
      for (const list of [entries, losses, foreign]) list.length = 0;
    }
  });
  clock.advance(5000);
  list();
  clock.advance(300);
  const [a, b] = nodes;
  for (let n = 0; n < 3; n++) {
    for (const { bus } of nodes) bus.send(0, Buffer.from(`after ${n}`));
    clock.advance(300);
  }
  const expected = (sender: string): string[] => [0, 1, 2].map((n) => `${sender} 0 after ${n}`);
  expect(a?.entries.slice(-3)).toEqual(expected('b'));
  expect(b?.entries.slice(-3)).toEqual(expected('a'));
  for (const { bus } of nodes) {
    expect(bus.peers).toMatchObject([{ behind: 0, uncredited: 0, gap: false }]);
    expect(bus.counters).toMatchObject({ windowBytes: 0, awaitedNodes: 1 });
  }
});
