import { readHeader } from './header.ts';
import { decodeFields, encodeMessage } from './message-codec.ts';
import {
  type ClientStatus,
  isUserStatus,
  type UserStat,
  type UserStatus,
} from './message-fields.ts';

/** A msg_server's question how some users are. */
export interface UsersStatusRequest {
  /** Who asks; returned in the response. */
  readonly userId: number;
  /** In the order asked, repeats included. */
  readonly userIds: readonly number[];
  /** Returned in the response; empty when the request had none. A slice of the PDU. */
  readonly attachData: Buffer;
  /** Returned in the response. uint16. */
  readonly seqNum: number;
}

/** The answer: everything but the stats is the request's own. */
export interface UsersStatusResponse {
  readonly userId: number;
  readonly stats: readonly UserStat[];
  readonly attachData: Buffer;
  readonly seqNum: number;
}

const NO_BYTES = Buffer.alloc(0);

/**
 * What proves a link alive when nothing else is to be sent. Protocol: an empty body. Shared by all;
 * not to be written to.
 */
export const HEARTBEAT_PDU: Buffer = encodeMessage('heartbeat', {});

/**
 * Reads a ROLE_SET PDU. Protocol: 0 slave, 1 master; any other number is taken for master.
 * @returns undefined when the body does not parse.
 */
export function decodeRoleSet(pdu: Buffer): { readonly master: boolean } | undefined {
  const fields = decodeFields('role_set', pdu);
  return fields && { master: fields.master !== 0 };
}

/**
 * Reads an ONLINE_USER_INFO PDU: one entry a client connection, repeats included.
 * @returns undefined when the body does not parse. Protocol: one bad entry drops the whole list.
 */
export function decodeOnlineUserInfo(pdu: Buffer): readonly ClientStatus[] | undefined {
  return decodeFields('online_user_info', pdu)?.userStatList;
}

/**
 * Reads a USER_STATUS_UPDATE PDU.
 * @returns undefined when the body does not parse. Protocol: a user_status other than 1, 2 or 3 is
 * dropped likewise.
 */
export function decodeUserStatusUpdate(pdu: Buffer): ClientStatus | undefined {
  const fields = decodeFields('user_status_update', pdu);
  if (fields === undefined || !isUserStatus(fields.userStatus)) return undefined;
  return { userId: fields.userId, status: fields.userStatus, clientType: fields.clientType };
}

/**
 * Reads a USERS_STATUS_REQUEST PDU.
 * @returns undefined when the body does not parse.
 */
export function decodeUsersStatusRequest(pdu: Buffer): UsersStatusRequest | undefined {
  const fields = decodeFields('users_status_request', pdu);
  if (fields === undefined) return undefined;
  const { userId, userIdList: userIds, attachData = NO_BYTES } = fields;
  return { userId, userIds, attachData, seqNum: readHeader(pdu).seqNum };
}

/** A LOGIN_STATUS_NOTIFY PDU: whether the user has a PC client. Protocol: 1 on, 0 off. */
export function encodeLoginStatusNotify(userId: number, online: boolean): Buffer {
  return encodeMessage('login_status_notify', { userId, loginStatus: online ? 1 : 0 });
}

/** A STATUS_NOTIFY PDU: the status that a PC client of the user was reported to have. */
export function encodeStatusNotify(userId: number, status: UserStatus): Buffer {
  return encodeMessage('status_notify', { userStat: { userId, status } });
}

/** A USERS_STATUS_RESPONSE PDU. Protocol: attach_data is always present, even when empty. */
export function encodeUsersStatusResponse(response: UsersStatusResponse): Buffer {
  const { userId, stats: userStatList, attachData, seqNum } = response;
  return encodeMessage('users_status_response', { userId, userStatList, attachData }, { seqNum });
}
