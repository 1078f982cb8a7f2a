import type { Latency } from './figures.ts';

/** `1,234` from 100 on, `12.3` below. */
export function rateText(perSecond: number): string {
  return perSecond >= 100 || Number.isInteger(perSecond)
    ? Math.round(perSecond).toLocaleString('en-US')
    : perSecond.toFixed(1);
}

/** `0.42 ms`, `12.3 ms`, `1,234 ms`. */
export function msText(ms: number): string {
  if (ms >= 100) return `${Math.round(ms).toLocaleString('en-US')} ms`;
  return `${ms.toFixed(ms < 10 ? 2 : 1)} ms`;
}

/** `p50 0.42 ms  p99 1.30 ms`, or a text for no values. */
export function latencyText(latency: Latency | undefined): string {
  if (latency === undefined) return 'nothing timed yet';
  return `p50 ${msText(latency.p50)}   p99 ${msText(latency.p99)}`;
}

/** `1:02:03` or `2:03`. */
export function clockText(seconds: number): string {
  const whole = Math.floor(seconds);
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const two = (n: number): string => String(n).padStart(2, '0');
  return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

/** 12345 as 12,345. */
export function many(count: number): string {
  return count.toLocaleString('en-US');
}
