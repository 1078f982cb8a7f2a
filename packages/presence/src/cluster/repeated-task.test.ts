import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { RepeatedTask } from './repeated-task.ts';

describe('a repeated task', () => {
  let runs: number[];
  let failures: string[];
  let fails: boolean;
  let task: RepeatedTask;

  beforeEach(() => {
    vi.useFakeTimers();
    runs = [];
    failures = [];
    fails = false;
    const startedAt = performance.now();
    const run = async (): Promise<void> => {
      runs.push(performance.now() - startedAt);
      if (fails) throw new Error('no answer');
    };
    const failed = (reason: string): number => failures.push(reason);
    task = new RepeatedTask(run, { everyMs: 1_000, retryMs: 100, failed });
  });

  afterEach(() => {
    task.stop();
    vi.useRealTimers();
  });

  test('runs first after the given delay and then at its interval', async () => {
    task.start(300);
    await vi.advanceTimersByTimeAsync(2_400);
    expect(runs).toEqual([300, 1_300, 2_300]);
  });

  test('reports a failed run and retries it soon', async () => {
    fails = true;
    task.start(0);
    await vi.advanceTimersByTimeAsync(50);
    fails = false;
    await vi.advanceTimersByTimeAsync(1_150);
    expect(runs).toEqual([0, 100, 1_100]);
    expect(failures).toEqual(['no answer']);
  });

  test('runs earlier on request, and never later', async () => {
    task.start();
    task.runWithin(400);
    task.runWithin(700);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(runs).toEqual([400]);
  });

  test('does not run while it is stopped', async () => {
    task.start();
    task.stop();
    task.runWithin(0);
    await vi.advanceTimersByTimeAsync(2_000);
    expect(runs).toEqual([]);
    task.start();
    task.start(0);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(runs).toEqual([3_000]);
  });
});
