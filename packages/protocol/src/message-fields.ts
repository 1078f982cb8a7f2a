/** How a client or a user is. Protocol: UserStatType. */
export const USER_STATUS = { online: 1, offline: 2, leave: 3 } as const;
export type UserStatus = (typeof USER_STATUS)[keyof typeof USER_STATUS];

/** The type of the client. Protocol: ClientType. */
export const CLIENT_TYPE = { windows: 0x01, mac: 0x02, ios: 0x11, android: 0x12 } as const;

/** One of CLIENT_TYPE, or a type that a node's ClientTypes add. */
export type ClientType = number;

export const SESSION_TYPE = { single: 1, group: 2 } as const;
export type SessionType = (typeof SESSION_TYPE)[keyof typeof SESSION_TYPE];

export const MSG_TYPE = {
  singleText: 0x01,
  singleAudio: 0x02,
  groupText: 0x11,
  groupAudio: 0x12,
} as const;
export type MsgType = (typeof MSG_TYPE)[keyof typeof MSG_TYPE];

export const GROUP_MODIFY_TYPE = { add: 1, del: 2 } as const;
export type GroupModifyType = (typeof GROUP_MODIFY_TYPE)[keyof typeof GROUP_MODIFY_TYPE];

export const TRANSFER_FILE_TYPE = { online: 1, offline: 2 } as const;
export type TransferFileType = (typeof TRANSFER_FILE_TYPE)[keyof typeof TRANSFER_FILE_TYPE];

/** Whether a number stands for a status. Protocol: 1, 2 or 3. */
export function isUserStatus(value: number): value is UserStatus {
  return (
    value === USER_STATUS.online || value === USER_STATUS.offline || value === USER_STATUS.leave
  );
}

/** One client connection of a user. User ids everywhere: uint32. */
export interface ClientStatus {
  readonly userId: number;
  readonly status: UserStatus;
  readonly clientType: ClientType;
}

/** A user, over all clients. */
export interface UserStat {
  readonly userId: number;
  readonly status: UserStatus;
}

/** The fields of each command's body, as proto/ has them, in camel case. Absent: not sent. */
export interface MessageFields {
  heartbeat: Record<never, never>;
  role_set: { readonly master: number };
  online_user_info: { readonly userStatList: readonly ClientStatus[] };
  user_status_update: {
    /** Any uint32: the wire does not restrict it to a UserStatus. */
    readonly userStatus: number;
    readonly userId: number;
    readonly clientType: ClientType;
  };
  users_status_request: {
    readonly userId: number;
    readonly userIdList: readonly number[];
    readonly attachData?: Buffer;
  };
  msg_data: {
    readonly fromUserId: number;
    readonly toSessionId: number;
    readonly msgId: number;
    /** Seconds since 1970. */
    readonly createTime: number;
    readonly msgType: MsgType;
    readonly msgData: Buffer;
    readonly attachData?: Buffer;
  };
  msg_read_notify: {
    readonly userId: number;
    readonly sessionId: number;
    readonly msgId: number;
    readonly sessionType: SessionType;
  };
  group_change_member_notify: {
    readonly userId: number;
    readonly changeType: GroupModifyType;
    readonly groupId: number;
    readonly curUserIdList: readonly number[];
    readonly chgUserIdList: readonly number[];
  };
  file_notify: {
    readonly fromUserId: number;
    readonly toUserId: number;
    readonly fileName: string;
    /** Bytes. */
    readonly fileSize: number;
    readonly taskId: string;
    readonly ipAddrList: readonly { readonly ip: string; readonly port: number }[];
    readonly transMode: TransferFileType;
    readonly offlineReady: number;
  };
  switch_p2p_cmd: {
    readonly fromUserId: number;
    readonly toUserId: number;
    readonly cmdMsgData: string;
  };
  server_kick_user: {
    readonly userId: number;
    readonly clientType: ClientType;
    readonly reason: number;
  };
  remove_session_notify: {
    readonly userId: number;
    readonly sessionType: SessionType;
    readonly sessionId: number;
  };
  sign_info_changed_notify: { readonly changedUserId: number; readonly signInfo: string };
  login_status_notify: {
    readonly userId: number;
    /** 1 on, 0 off. */
    readonly loginStatus: number;
  };
  status_notify: { readonly userStat: UserStat };
  users_status_response: {
    readonly userId: number;
    readonly userStatList: readonly UserStat[];
    readonly attachData?: Buffer;
  };
}
