import { sharedNowUs } from './stamps.ts';

/** A sender that accepts one PDU with its stamp. */
export interface PacedSender {
  sendStamped(dueUs: number): void;
}

// Atomics.wait with a time-out and no wake-up: timers of the event loop have whole milliseconds
// only.
const clock = new Int32Array(new SharedArrayBuffer(4));

/**
 * Sends at a steady rate for a while, each PDU by the next sender, without waiting for results. The
 * stamp is the due time, so a late sender counts in the latency.
 */
export function pace(
  senders: readonly PacedSender[],
  perSecond: number,
  ms: number,
): Promise<void> {
  const total = Math.floor((perSecond * ms) / 1000);
  const everyUs = 1e6 / perSecond;
  const startUs = sharedNowUs() + everyUs;
  let sent = 0;
  return new Promise((resolve) => {
    const step = (): void => {
      const waitUs = startUs + sent * everyUs - sharedNowUs();
      if (waitUs > 0) Atomics.wait(clock, 0, 0, waitUs / 1000);
      const nowUs = sharedNowUs();
      for (let dueUs = startUs + sent * everyUs; dueUs <= nowUs && sent < total; dueUs += everyUs) {
        senders[sent % senders.length]?.sendStamped(dueUs);
        sent++;
      }
      if (sent < total) setImmediate(step);
      else resolve();
    };
    step();
  });
}
