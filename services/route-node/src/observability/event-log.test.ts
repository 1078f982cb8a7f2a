import { expect, test } from 'vitest';
import { EventLog } from './event-log.ts';

function lineOf(event: string, n: number): string {
  return JSON.stringify({ level: 30, time: '2026-11-27T16:00:00.000Z', node: 'node', event, n });
}

test('a storm of one event leaves the others in the list, in order', () => {
  const eventLog = new EventLog();
  eventLog.write(lineOf('starting', 0));
  eventLog.write(lineOf('ready', 1));
  for (let n = 2; n < 20_000; n++) eventLog.write(lineOf('link-closed', n));
  eventLog.write(lineOf('not-ready', 20_000));
  const events = eventLog.after(0, 2000);
  expect(events.slice(0, 2).map(({ event }) => event)).toEqual(['starting', 'ready']);
  expect(events.at(-1)?.event).toBe('not-ready');
  expect(events).toHaveLength(503);
  const seqs = events.map(({ seq }) => seq);
  expect(seqs).toEqual(seqs.toSorted((a, b) => a - b));
  expect(eventLog.after(eventLog.lastSeq - 3, 2000)).toHaveLength(3);
  expect(eventLog.after(0, 2).map(({ facts }) => facts['n'])).toEqual([19_999, 20_000]);
});
