import type { RelayHandling } from '@route/protocol';
import { MESSAGE_TYPES } from './bus-messages.ts';
import type { Delivery, DeliveryBus, Receiver, Receivers } from './delivery.ts';

/** Sends every PDU to every link, as the original does. */
export class Broadcast implements Delivery {
  readonly interestObserver = undefined;
  readonly #receivers: Receivers;
  readonly #bus: Pick<DeliveryBus, 'send'>;

  constructor(receivers: Receivers, bus: Pick<DeliveryBus, 'send'>) {
    this.#receivers = receivers;
    this.#bus = bus;
  }

  relay(from: Receiver, handling: RelayHandling, run: Buffer): void {
    for (const receiver of this.#receivers) {
      if (receiver !== from || handling === 'relay-to-all') receiver.send(run);
    }
    this.#bus.send(MESSAGE_TYPES.batch, run);
  }

  entry(kind: number, bytes: Buffer): void {
    // A node in directed mode sends everything to a node that does not publish its interest.
    if (kind !== MESSAGE_TYPES.batch && kind !== MESSAGE_TYPES.directed) return;
    for (const receiver of this.#receivers) receiver.send(bytes);
  }

  opened(): void {}
  closed(): void {}
  setReceiving(): void {}
  setImporting(): void {}
  flush(): void {}
  nodeKnown(): void {}
  nodeGone(): void {}
  nodeMissed(): void {}
}
