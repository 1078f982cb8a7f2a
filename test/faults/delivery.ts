/** Delivery mode of a scene's nodes. */
export type DeliveryMode = 'broadcast' | 'directed';

export const DELIVERY_MODES: readonly DeliveryMode[] = ['broadcast', 'directed'];

/** The environment variable with the mode of all scenes. */
export const DELIVERY_VARIABLE = 'ROUTE_FAULTS_DELIVERY';

/** The given mode; broadcast by default. */
export function givenDelivery(): DeliveryMode {
  return process.env[DELIVERY_VARIABLE] === 'directed' ? 'directed' : 'broadcast';
}

/** A fault's name in the table; only other modes than the default are added to it. */
export function faultIn(mode: DeliveryMode, fault: string): string {
  return mode === 'directed' ? `${fault} (directed)` : fault;
}
