import { expect, test } from 'vitest';
import { MetricsAnswer } from './metrics-answer.ts';

test('requests that come together share a rendering, and none gets one that began before it', async () => {
  let renderings = 0;
  const metrics = new MetricsAnswer(async () => {
    renderings++;
    return { contentType: 'text/plain', text: String(renderings) };
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
