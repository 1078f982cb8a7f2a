import { expect, test } from 'vitest';
import { ManualClock } from '../testing/manual-clock.ts';
import { type RecordedBus, recordedBus } from '../testing/recorder.ts';
import { MemoryHub } from '../transport/memory-hub.ts';
import { NodeHeartbeat } from './heartbeat.ts';

async function oneNode(): Promise<{ clock: ManualClock; hub: MemoryHub; a: RecordedBus }> {
  const clock = new ManualClock();
  const hub = new MemoryHub(clock);
  const a = recordedBus({ nodeId: 'a', transport: hub.join('a'), clock });
  await a.bus.start();
  clock.advance(10);
  return { clock, hub, a };
}

test('a node is responsive from its first heartbeat on', async () => {
  const { a } = await oneNode();
  expect(a.bus.responsive).toBe(true);
});

test('a node that receives no own heartbeat is unresponsive after 2 s, even if its transport is up', async () => {
  const { clock, hub, a } = await oneNode();
  hub.setFaults(() => []);
  clock.advance(1900);
  expect(a.bus.responsive).toBe(true);
  clock.advance(600);
  expect(a.bus.responsive).toBe(false);
  expect(a.bus.counters.reopened).toBe(1);
});

test('an unresponsive node reconnects every 2 s and recovers with the first heartbeat that arrives', async () => {
  const { clock, hub, a } = await oneNode();
  hub.setFaults(() => []);
  clock.advance(7000);
  expect(a.bus.counters.reopened).toBe(3);
  hub.setFaults();
  clock.advance(250);
  expect(a.hearing).toEqual([true, false, true]);
});

test('a transport that says it is down is believed at once', async () => {
  const { clock, hub, a } = await oneNode();
  hub.cut('a');
  expect(a.bus.responsive).toBe(false);
  hub.mend('a');
  clock.advance(1);
  expect(a.bus.responsive).toBe(true);
});

test('a stopped process reads what arrived meanwhile before it counts as unresponsive', async () => {
  const { clock, a } = await oneNode();
  clock.skip(60_000);
  clock.advance(250);
  expect(a.bus.counters.reopened).toBe(0);
  expect(a.bus.responsive).toBe(true);
});

test('time counts from the moment in which the node became responsive', () => {
  const heartbeat = new NodeHeartbeat(2000, 0, () => {});
  heartbeat.tick(250);
  heartbeat.ownFrameReceived(430);
  heartbeat.tick(500);
  heartbeat.tick(750);
  expect([heartbeat.timeMs, heartbeat.steadyMs]).toEqual([320, 320]);
});
