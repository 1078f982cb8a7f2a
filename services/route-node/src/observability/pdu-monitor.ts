import type { LinkId } from '@route/presence';
import { HEADER_BYTES } from '@route/protocol';

/** Receives the PDUs that pass through. */
export interface PduWatcher {
  /**
   * A PDU as received on a link; without a link where the node made it. The receiver may keep the
   * bytes.
   */
  saw(link: LinkId | undefined, pdu: Buffer): void;
}

/** Shows PDUs to monitors. Without monitors the cost is one check of {@link PduMonitor.isOn}. */
export class PduMonitor {
  readonly #watchers = new Set<PduWatcher>();
  #isOn = false;

  /** Whether there is a monitor; to be checked before {@link PduMonitor.pass} is called. */
  get isOn(): boolean {
    return this.#isOn;
  }

  /** Shows all PDUs to a monitor from now on. @returns a function that stops it. */
  add(watcher: PduWatcher): () => void {
    this.#watchers.add(watcher);
    this.#isOn = true;
    return () => {
      this.#watchers.delete(watcher);
      this.#isOn = this.#watchers.size > 0;
    };
  }

  /** Whole PDUs pass through, one or many. */
  pass(link: LinkId | undefined, pdus: Buffer): void {
    for (let at = 0; at + HEADER_BYTES <= pdus.length; ) {
      const end = at + pdus.readUInt32BE(at);
      const pdu = pdus.subarray(at, end);
      for (const watcher of this.#watchers) watcher.saw(link, pdu);
      at = end;
    }
  }
}
