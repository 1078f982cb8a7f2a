import { CLIENT_TYPE, type ClientType } from './message-fields.ts';

/** Types beyond those of the protocol: forks of the original have some. */
export interface AddedClientTypes {
  /** The numbers that count as PC clients, 1 to {@link MOST_CLIENT_TYPE}. */
  readonly pc: readonly number[];
  /** The numbers that count as mobile clients. */
  readonly mobile: readonly number[];
}

/** The largest number that can be added as a client type. */
export const MOST_CLIENT_TYPE = 0xffff;

/** How many client types can be added, PC and mobile ones together. */
export const MOST_ADDED_CLIENT_TYPES = 8;

/** Marks a {@link ClientType} that was added, with its class. */
const ADDED = { pc: 0x1_0000, mobile: 0x2_0000 } as const;

const MOBILE_BIT = 0x10;

/**
 * The client types that PDUs may name. Protocol: a body with any other one does not parse. The four
 * of the protocol are always among them; those of {@link AddedClientTypes} carry their class in the
 * {@link ClientType}.
 */
export class ClientTypes {
  readonly #added = new Map<number, ClientType>();

  constructor({ pc, mobile }: AddedClientTypes = { pc: [], mobile: [] }) {
    for (const wire of pc) this.#added.set(wire, wire + ADDED.pc);
    for (const wire of mobile) this.#added.set(wire, wire + ADDED.mobile);
  }

  /** The type that a number in a PDU stands for; undefined for an unknown one. */
  of(wire: number): ClientType | undefined {
    if (isStandard(wire)) return wire;
    return this.#added.size === 0 ? undefined : this.#added.get(wire);
  }
}

/** The four types of the protocol and no other. */
export const STANDARD_CLIENT_TYPES = new ClientTypes();

/**
 * Whether a client is a PC client. Protocol: mobile clients have bit 0x10 set; an added type must
 * be declared.
 */
export function isPc(clientType: ClientType): boolean {
  if (clientType > MOST_CLIENT_TYPE) return (clientType & ADDED.mobile) === 0;
  return (clientType & MOBILE_BIT) === 0;
}

/** The number that a client type has in PDUs. */
export function wireClientType(clientType: ClientType): number {
  return clientType & MOST_CLIENT_TYPE;
}

/** Whether a number is one of the protocol's own client types. */
function isStandard(wire: number): boolean {
  return (
    wire === CLIENT_TYPE.windows ||
    wire === CLIENT_TYPE.mac ||
    wire === CLIENT_TYPE.ios ||
    wire === CLIENT_TYPE.android
  );
}
