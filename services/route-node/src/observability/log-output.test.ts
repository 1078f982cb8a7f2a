import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type LogGap, LogOutput } from './log-output.ts';

/** An output under a test's control: accepts what it has room for, or fails. */
class FakeDevice {
  text = '';
  /** Bytes that it accepts before it fails. */
  room = Number.POSITIVE_INFINITY;
  /** The code that it fails with; undefined for a write that never returns. */
  failure: string | undefined = 'ENOSPC';
  readonly #pending: (() => void)[] = [];

  readonly write: ConstructorParameters<typeof LogOutput>[0]['write'] = (bytes, done) => {
    this.#pending.push(() => {
      const written = Math.min(bytes.length, this.room);
      if (written > 0) {
        this.text += bytes.toString('utf8', 0, written);
        this.room -= written;
        done(null, written);
      } else if (this.failure !== undefined) {
        done(Object.assign(new Error(this.failure), { code: this.failure }), 0);
      } else {
        this.#pending.unshift(() => this.write(bytes, done));
      }
    });
  };

  /** Writes under way. */
  get underWay(): number {
    return this.#pending.length;
  }

  /** Completes the current write, and later ones at once. */
  settle(): void {
    for (let steps = 0; steps < 1000; steps++) {
      const step = this.#pending.shift();
      if (step === undefined) return;
      step();
      if (this.room === 0 && this.failure === undefined) return;
    }
  }
}

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

function outputTo(device: FakeDevice, maxWaitingBytes = 1000) {
  const stuck: string[] = [];
  const gaps: LogGap[] = [];
  const output = new LogOutput({
    write: device.write,
    maxWaitingBytes,
    stuck: (code) => {
      stuck.push(code);
      // As in the log: reports about the output go to the output.
      output.write(`stuck ${code}\n`);
    },
    recovered: (gap) => {
      gaps.push(gap);
      output.write('recovered\n');
    },
  });
  return { output, stuck, gaps };
}

test('lines are written in order, one write at a time', () => {
  const device = new FakeDevice();
  const { output } = outputTo(device);
  for (let n = 0; n < 5; n++) output.write(`line ${n}\n`);
  expect(device.underWay).toBe(1);
  device.settle();
  expect(device.text).toBe('line 0\nline 1\nline 2\nline 3\nline 4\n');
  expect(output.pendingBytes).toBe(0);
});

test('a full disk costs the lines beyond the bound, which are counted; lines are complete once it has room', async () => {
  const device = new FakeDevice();
  const { output, stuck, gaps } = outputTo(device, 100);
  // It fills up in the middle of a line.
  device.room = 4;
  output.write('first line\n');
  device.settle();
  expect(stuck).toEqual(['ENOSPC']);
  for (let n = 0; n < 50; n++) output.write(`line ${String(n).padStart(2, '0')}\n`);
  expect(output.pendingBytes).toBeLessThanOrEqual(100);
  const kept = Math.floor((100 - 'irst line\nstuck ENOSPC\n'.length + 3) / 'line 00\n'.length);
  expect(output.droppedLines).toBe(50 - kept);
  await vi.advanceTimersByTimeAsync(3000);
  device.settle();
  expect(stuck).toEqual(['ENOSPC']);

  device.room = Number.POSITIVE_INFINITY;
  await vi.advanceTimersByTimeAsync(1000);
  device.settle();
  const lines = device.text.trimEnd().split('\n');
  expect(lines.slice(0, 3)).toEqual(['first line', 'stuck ENOSPC', 'line 00']);
  expect(lines.slice(-2)).toEqual([`line ${String(kept - 1).padStart(2, '0')}`, 'recovered']);
  expect(gaps).toEqual([{ drainTimeoutMs: 4000, droppedLines: 50 - kept }]);
});

test('a reader that is busy for a moment is no event; one that stands still for a second is one', async () => {
  const device = new FakeDevice();
  device.failure = 'EAGAIN';
  device.room = 0;
  const { output, stuck, gaps } = outputTo(device);
  output.write('a\n');
  for (let ms = 0; ms < 900; ms += 50) {
    device.settle();
    await vi.advanceTimersByTimeAsync(50);
  }
  expect(stuck).toEqual([]);
  for (let ms = 0; ms < 200; ms += 50) {
    device.settle();
    await vi.advanceTimersByTimeAsync(50);
  }
  expect(stuck).toEqual(['EAGAIN']);
  device.room = Number.POSITIVE_INFINITY;
  await vi.advanceTimersByTimeAsync(50);
  device.settle();
  expect(device.text).toBe('a\nstuck EAGAIN\nrecovered\n');
  expect(gaps).toHaveLength(1);
});

test('reports a write that does not return when lines are dropped for it', () => {
  const device = new FakeDevice();
  device.failure = undefined;
  device.room = 0;
  const { output, stuck } = outputTo(device, 30);
  for (let n = 0; n < 10; n++) output.write(`line ${n}\n`);
  expect(device.underWay).toBe(1);
  expect(stuck).toEqual(['too-slow']);
  expect(output.droppedLines).toBeGreaterThanOrEqual(6);
  vi.advanceTimersByTime(2000);
  expect(output.writingMs).toBe(2000);
});

test('a flush ends when everything is written, or when its time is over', async () => {
  const device = new FakeDevice();
  device.room = 0;
  const { output } = outputTo(device);
  output.write('a\n');
  let flushed = 0;
  void output.flush(500).then(() => flushed++);
  await vi.advanceTimersByTimeAsync(499);
  expect(flushed).toBe(0);
  await vi.advanceTimersByTimeAsync(1);
  expect(flushed).toBe(1);

  device.room = Number.POSITIVE_INFINITY;
  void output.flush(500).then(() => flushed++);
  device.settle();
  await vi.advanceTimersByTimeAsync(0);
  expect(flushed).toBe(2);
});

test('at a sudden exit, flushes all lines that are not part of the current write', () => {
  const device = new FakeDevice();
  const { output } = outputTo(device);
  output.write('under way\n');
  output.write('waiting\n');
  expect(output.takeWaiting().toString()).toBe('waiting\n');

  const full = new FakeDevice();
  full.room = 3;
  const { output: cut } = outputTo(full);
  cut.write('first\n');
  full.settle();
  cut.write('second\n');
  expect(cut.takeWaiting().toString()).toBe('st\nstuck ENOSPC\nsecond\n');
});
