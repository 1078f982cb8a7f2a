import type { LinkId } from '@route/presence';
import { HEADER_BYTES } from '@route/protocol';

/** Who looks at what passes through. */
export interface Watcher {
  /** A PDU as it came on a link; of no link where the node made it. The bytes may be kept. */
  saw(link: LinkId | undefined, pdu: Buffer): void;
}

/** Shows PDUs that pass through to whoever watches. While nobody does, it costs one look at {@link Watch.isOn}. */
export class Watch {
  readonly #watchers = new Set<Watcher>();
  #isOn = false;

  /** Whether anybody watches; to be asked before {@link Watch.pass} is called. */
  get isOn(): boolean {
    return this.#isOn;
  }

  /** Shows all PDUs to a watcher from now on. @returns what ends it. */
  add(watcher: Watcher): () => void {
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
