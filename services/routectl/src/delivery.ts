/** Delivery mode of the nodes for PDUs addressed to users: ROUTE_DELIVERY. */
export const DELIVERIES = ['broadcast', 'directed'] as const;
export type Delivery = (typeof DELIVERIES)[number];
