import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { MetricsAnswer } from './metrics-answer.ts';

test('concurrent requests share a rendering, and none gets one that started before it', async () => {
  let renderings = 0;
  const metrics = new MetricsAnswer({
    contentType: 'text/plain',
    metrics: async () => String(++renderings),
  });
  const read = async () => {
    const answer = await metrics.read();
    return answer.kind === 'file' && String(answer.body);
  };
  expect(await Promise.all([read(), read(), read()])).toEqual(['1', '1', '1']);
  const beganAtMs = performance.now();
  expect(await Promise.all([read(), read()])).toEqual(['2', '2']);
  expect(performance.now() - beganAtMs).toBeGreaterThan(50);
  expect(renderings).toBe(2);
});

test('a slow rendering is followed by a pause of nine times its duration, a failed one too', async () => {
  const renderings: { readonly beganAtMs: number; readonly endedAtMs: number }[] = [];
  const metrics = new MetricsAnswer({
    contentType: 'text/plain',
    metrics: async () => {
      const beganAtMs = performance.now();
      await delay(30);
      renderings.push({ beganAtMs, endedAtMs: performance.now() });
      if (renderings.length === 1) throw new Error('no metrics');
      return '';
    },
  });
  await expect(metrics.read()).rejects.toThrow('no metrics');
  await metrics.read();
  await metrics.read();
  for (const [i, { beganAtMs, endedAtMs }] of renderings.slice(0, -1).entries()) {
    const pauseMs = (renderings[i + 1]?.beganAtMs ?? 0) - endedAtMs;
    // A timer may be a moment early.
    expect(pauseMs).toBeGreaterThan(Math.min(8 * (endedAtMs - beganAtMs), 900));
  }
});
