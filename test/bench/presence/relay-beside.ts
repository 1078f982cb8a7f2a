import { COMMANDS } from '@route/protocol';
import { percentile } from '../statistics.ts';
import type { PresenceLink } from './presence-link.ts';

const PDU_BYTES = 160;
const STAMP_AT = 16;
const { serviceId, commandId } = COMMANDS.msg_data;

/** PDUs relayed at a steady rate beside other work: their delay, from the due time. */
export class RelayBeside {
  readonly #latenciesMs: number[] = [];
  readonly #timer: NodeJS.Timeout;

  constructor(from: PresenceLink, to: PresenceLink, perSecond: number) {
    const startedAt = performance.now();
    let sent = 0;
    to.onPdu = (command, bytes, start) => {
      if (command !== commandId) return;
      this.#latenciesMs.push(performance.now() - bytes.readDoubleBE(start + STAMP_AT));
    };
    this.#timer = setInterval(() => {
      const due = Math.floor(((performance.now() - startedAt) * perSecond) / 1000);
      for (; sent < due; sent++) from.write(stamped(startedAt + (sent * 1000) / perSecond));
    }, 1);
  }

  get p99Ms(): number {
    return percentile(this.#latenciesMs, 0.99);
  }

  /** Discards the measurements so far. */
  reset(): void {
    this.#latenciesMs.length = 0;
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}

function stamped(dueAtMs: number): Buffer {
  const pdu = Buffer.alloc(PDU_BYTES);
  pdu.writeUInt32BE(PDU_BYTES, 0);
  pdu.writeUInt16BE(1, 4);
  pdu.writeUInt16BE(serviceId, 8);
  pdu.writeUInt16BE(commandId, 10);
  pdu.writeDoubleBE(dueAtMs, STAMP_AT);
  return pdu;
}
