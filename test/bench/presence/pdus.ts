import { CLIENT_TYPE, encodeMessage, USER_STATUS } from '@route/protocol';

/** The status values, by their names on the wire. */
export interface ClientKind {
  readonly status: keyof typeof USER_STATUS;
  readonly clientType: keyof typeof CLIENT_TYPE;
}

/** ROLE_SET: this link is its msg_server's master. */
export const MASTER_PDU: Buffer = encodeMessage('role_set', { master: 1 });

/** One ONLINE_USER_INFO: one client of one kind per user. */
export function snapshotPdu(userIds: readonly number[], kind: ClientKind): Buffer {
  const status = USER_STATUS[kind.status];
  const clientType = CLIENT_TYPE[kind.clientType];
  const userStatList = userIds.map((userId) => ({ userId, status, clientType }));
  return encodeMessage('online_user_info', { userStatList });
}

/** One USER_STATUS_UPDATE per user. */
export function updatePdus(userIds: readonly number[], kind: ClientKind): Buffer {
  const userStatus = USER_STATUS[kind.status];
  const clientType = CLIENT_TYPE[kind.clientType];
  const pdus = userIds.map((userId) =>
    encodeMessage('user_status_update', { userStatus, userId, clientType }),
  );
  return Buffer.concat(pdus);
}

/** USERS_STATUS_REQUESTs of `size` ids each; their sequence numbers count from 0. */
export function queryPdus(userIds: readonly number[], size: number): Buffer {
  const pdus: Buffer[] = [];
  for (let at = 0; at < userIds.length; at += size) {
    const fields = { userId: 1, userIdList: userIds.slice(at, at + size) };
    pdus.push(encodeMessage('users_status_request', fields, { seqNum: pdus.length & 0xffff }));
  }
  return Buffer.concat(pdus);
}
