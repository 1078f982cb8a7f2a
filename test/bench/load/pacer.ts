import { sharedNowUs } from './stamps.ts';

/** A sender that can be given one PDU with its stamp. */
export interface PacedSender {
  sendStamped(dueUs: number): void;
}

// Waited on with a time-out and never woken: a timer of the event loop knows whole milliseconds only.
const clock = new Int32Array(new SharedArrayBuffer(4));

/**
 * Sends at a steady rate for a while, each PDU by the next sender, whatever comes of them. Each is stamped
 * with when it was due: should the sender itself be late, that counts.
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
