/** How the nodes relay what concerns certain users: ROUTE_DELIVERY. */
export const DELIVERIES = ['broadcast', 'directed'] as const;
export type Delivery = (typeof DELIVERIES)[number];
