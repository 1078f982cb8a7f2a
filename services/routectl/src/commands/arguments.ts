import { InvalidArgumentError } from 'commander';

/** Parses an integer within bounds, for an option. */
export function wholeNumber(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= least && value <= most) return value;
    throw new InvalidArgumentError(`expected a whole number from ${least} to ${most}.`);
  };
}

/** A user id, for an argument that may be given several times. */
export function userIds(text: string, before: readonly string[] | undefined): readonly string[] {
  const ids = text.split(',');
  const wrong = ids.find((id) => !/^\d{1,10}$/.test(id) || Number(id) > 0xffff_ffff);
  if (wrong === undefined) return [...(before ?? []), ...ids];
  throw new InvalidArgumentError('expected whole numbers from 0 to 4294967295.');
}

/** Delivery mode of the nodes for PDUs addressed to users: ROUTE_DELIVERY. */
const DELIVERIES = ['broadcast', 'directed'] as const;
export type Delivery = (typeof DELIVERIES)[number];

export function deliveryMode(text: string): Delivery {
  const delivery = DELIVERIES.find((known) => known === text);
  if (delivery !== undefined) return delivery;
  throw new InvalidArgumentError(`expected ${DELIVERIES.join(' or ')}.`);
}
