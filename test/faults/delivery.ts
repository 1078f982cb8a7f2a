/** How the nodes of a scene relay what concerns certain users. */
export type DeliveryMode = 'broadcast' | 'directed';

export const DELIVERY_MODES: readonly DeliveryMode[] = ['broadcast', 'directed'];

/** Names the variable by which the mode of all scenes is given. */
export const DELIVERY_VARIABLE = 'ROUTE_FAULTS_DELIVERY';

/** The mode that was given; broadcast by default. */
export function givenDelivery(): DeliveryMode {
  return process.env[DELIVERY_VARIABLE] === 'directed' ? 'directed' : 'broadcast';
}

/** A fault's name in the table: that of the default mode stands alone. */
export function faultIn(mode: DeliveryMode, fault: string): string {
  return mode === 'directed' ? `${fault} (directed)` : fault;
}
