import { BodyReader, WIRE } from './body-reader.ts';
import type { ClientTypes } from './client-types.ts';
import { type ClientStatus, isUserStatus, type UserStatus } from './message-fields.ts';

/**
 * Maximum number of fields in a body, known or not, beside repeated ones: a million would block the
 * loop. The same limit holds for an entry of a list.
 */
const MOST_FIELDS = 10_000;

/** Fields of an entry as msg_servers write it, itself included. */
const FIELDS_A_CLIENT = 4;

/**
 * The fields read of a client. A value unknown to its field leaves the field unchanged. (Protocol
 * Buffers: enums.)
 */
class LooseClient {
  userId: number | undefined;
  status: UserStatus | undefined;
  clientType: number | undefined;
  /** The last number that stands for no client type. */
  unknownType: number | undefined;

  readType(wire: number, types: ClientTypes): void {
    const clientType = types.of(wire);
    if (clientType === undefined) this.unknownType = wire;
    else this.clientType = clientType;
  }

  /** All of it; undefined when a field is missing. */
  get client(): ClientStatus | undefined {
    const { userId, status, clientType } = this;
    if (userId === undefined || status === undefined || clientType === undefined) return undefined;
    return { userId, status, clientType };
  }
}

/** The result of a body: its content, or the reason for having none. */
export type Loose<Value> =
  | { readonly value: Value }
  | { readonly value?: undefined; readonly unknownType: number | undefined };

/** Reads the fields of a USER_STATUS_UPDATE in any valid form. */
export function looseStatusUpdate(pdu: Buffer, types: ClientTypes): Loose<ClientStatus> {
  const loose = new LooseClient();
  // The field is a uint32: the last one counts, known or not.
  let userStatus = 0;
  try {
    const reader = new BodyReader(pdu);
    for (let fields = 0; !reader.isAtEnd; fields++) {
      if (fields === MOST_FIELDS) throw new RangeError('too many fields');
      const field = reader.field();
      if (field.wire !== WIRE.varint) reader.skip(field);
      else if (field.number === 1) userStatus = reader.uint32();
      else if (field.number === 2) loose.userId = reader.uint32();
      else if (field.number === 3) loose.readType(reader.uint32(), types);
      else reader.skip(field);
    }
  } catch {
    return { unknownType: undefined };
  }
  if (isUserStatus(userStatus)) loose.status = userStatus;
  const { client } = loose;
  return client === undefined ? unknownOf(loose) : { value: client };
}

/**
 * Reads the fields of a USERS_STATUS_REQUEST in any valid form; 'too-many' for more users than
 * `mostIds`.
 */
export function looseStatusRequest(
  pdu: Buffer,
  mostIds: number,
): { userId: number; userIds: number[]; attachData: Buffer | undefined } | 'too-many' | undefined {
  let userId: number | undefined;
  let attachData: Buffer | undefined;
  const userIds: number[] = [];
  let isTooMany = false;
  try {
    const reader = new BodyReader(pdu);
    const readId = (): void => {
      const id = reader.uint32();
      if (userIds.length < mostIds) userIds.push(id);
      else isTooMany = true;
    };
    for (let fields = 0; !reader.isAtEnd && !isTooMany; fields++) {
      if (fields === mostIds + MOST_FIELDS) throw new RangeError('too many fields');
      const field = reader.field();
      if (field.number === 1 && field.wire === WIRE.varint) userId = reader.uint32();
      else if (field.number === 2 && field.wire === WIRE.varint) readId();
      else if (field.number === 2 && field.wire === WIRE.lengthFirst) {
        reader.within(() => {
          while (!reader.isAtEnd && !isTooMany) readId();
        });
      } else if (field.number === 20 && field.wire === WIRE.lengthFirst)
        attachData = reader.bytes();
      else reader.skip(field);
    }
  } catch {
    return isTooMany ? 'too-many' : undefined;
  }
  if (isTooMany) return 'too-many';
  return userId === undefined ? undefined : { userId, userIds, attachData };
}

/** Reads an ONLINE_USER_INFO in any valid form, some fields at a time. */
export class LooseClients {
  readonly #reader: BodyReader;
  readonly #types: ClientTypes;
  /** Fields read so far, those of the entries included. */
  #fields = 0;

  constructor(pdu: Buffer, types: ClientTypes) {
    this.#reader = new BodyReader(pdu);
    this.#types = types;
  }

  get isAtEnd(): boolean {
    return this.#reader.isAtEnd;
  }

  /**
   * Returns the clients in the next `most` fields; fewer where entries have more fields than
   * msg_servers write. A bad entry ends the list.
   */
  next(most: number): Loose<ClientStatus[]> {
    const clients: ClientStatus[] = [];
    const mostFields = this.#fields + most * FIELDS_A_CLIENT;
    try {
      for (let i = 0; i < most && this.#fields < mostFields && !this.#reader.isAtEnd; i++) {
        this.#fields++;
        const field = this.#reader.field();
        if (field.number !== 1 || field.wire !== WIRE.lengthFirst) {
          this.#reader.skip(field);
          continue;
        }
        const loose = new LooseClient();
        this.#reader.within(() => this.#readClient(loose));
        const { client } = loose;
        if (client === undefined) return unknownOf(loose);
        clients.push(client);
      }
    } catch {
      return { unknownType: undefined };
    }
    return { value: clients };
  }

  #readClient(loose: LooseClient): void {
    const reader = this.#reader;
    for (let fields = 0; !reader.isAtEnd; fields++) {
      if (fields === MOST_FIELDS) throw new RangeError('too many fields');
      this.#fields++;
      const field = reader.field();
      if (field.wire !== WIRE.varint) reader.skip(field);
      else if (field.number === 1) loose.userId = reader.uint32();
      else if (field.number === 2) {
        const status = reader.uint32();
        if (isUserStatus(status)) loose.status = status;
      } else if (field.number === 3) loose.readType(reader.uint32(), this.#types);
      else reader.skip(field);
    }
  }
}

/** A client that lacks only a known type is bad because of its own type. */
function unknownOf({ userId, status, clientType, unknownType }: LooseClient): {
  readonly unknownType: number | undefined;
} {
  const isAlone = userId !== undefined && status !== undefined && clientType === undefined;
  return { unknownType: isAlone ? unknownType : undefined };
}
