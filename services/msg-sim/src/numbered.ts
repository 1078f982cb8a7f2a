import {
  type DecodedMessage,
  type DecodedPdu,
  GROUP_MODIFY_TYPE,
  type MessageFields,
  MSG_TYPE,
  type RelayedCommand,
  SESSION_TYPE,
  TRANSFER_FILE_TYPE,
} from '@route/link-client';

/** Identifies a PDU and its link, so that receivers detect loss, repeats and reordering. */
interface Stamp {
  /** One link of one msg_server, new on each connection. uint32. */
  readonly sender: number;
  /** Starts at 1 and counts over all commands. uint32. */
  readonly sequence: number;
}

/** User id. */
export interface Subject {
  readonly from: number;
  readonly to: number;
  /** By performance.now(). */
  readonly nowMs: number;
}

/**
 * Commands that carry a stamp: all relayed ones except the kick, whose three fields are all in use.
 */
export type NumberedCommand = Exclude<RelayedCommand, 'server_kick_user'>;

type Codecs = {
  readonly [Name in NumberedCommand]: {
    make(stamp: Stamp, subject: Subject): MessageFields[Name];
    read(fields: MessageFields[Name]): Stamp | undefined;
    /** Recipients under directed delivery; `all` means broadcast. */
    recipients(sequence: number, subject: Subject): readonly number[] | 'all';
  };
};

const STAMP_BYTES = 16;
const TEXTS = ['on my way', 'lunch?', 'see the attached plan', 'ok', 'where is the key to room 4?'];
const GROUP_SHARE = 4;

function isGroup(sequence: number): boolean {
  return sequence % GROUP_SHARE === 0;
}

function bothOf(_sequence: number, { from, to }: Subject): readonly number[] {
  return [from, to];
}

function toAll(): 'all' {
  return 'all';
}

/** Where each numbered command carries its stamp: fields whose values no receiver uses here. */
export const NUMBERED: Codecs = {
  msg_data: {
    make: ({ sender, sequence }, { from, to, nowMs }) => {
      const text = TEXTS[sequence % TEXTS.length] ?? '';
      const msgData = Buffer.alloc(STAMP_BYTES + Buffer.byteLength(text));
      msgData.writeUInt32BE(sender, 0);
      msgData.writeUInt32BE(sequence, 4);
      msgData.writeDoubleBE(nowMs, 8);
      msgData.write(text, STAMP_BYTES);
      return {
        fromUserId: from,
        toSessionId: to,
        msgId: sequence,
        createTime: Math.floor(Date.now() / 1000),
        msgType: isGroup(sequence) ? MSG_TYPE.groupText : MSG_TYPE.singleText,
        msgData,
      };
    },
    read: ({ msgData }) =>
      msgData.length < STAMP_BYTES
        ? undefined
        : { sender: msgData.readUInt32BE(0), sequence: msgData.readUInt32BE(4) },
    recipients: (sequence, subject) => (isGroup(sequence) ? 'all' : bothOf(sequence, subject)),
  },
  msg_read_notify: {
    make: ({ sender, sequence }, { from }) => ({
      userId: from,
      sessionId: sender,
      msgId: sequence,
      sessionType: SESSION_TYPE.single,
    }),
    read: ({ sessionId, msgId }) => ({ sender: sessionId, sequence: msgId }),
    recipients: (_sequence, { from }) => [from],
  },
  group_change_member_notify: {
    make: ({ sender, sequence }, { from, to }) => ({
      userId: sequence,
      changeType: GROUP_MODIFY_TYPE.add,
      groupId: sender,
      curUserIdList: [from, to],
      chgUserIdList: [to],
    }),
    read: ({ groupId, userId }) => ({ sender: groupId, sequence: userId }),
    recipients: toAll,
  },
  file_notify: {
    make: ({ sender, sequence }, { from, to }) => ({
      fromUserId: from,
      toUserId: to,
      fileName: 'plan.pdf',
      fileSize: sequence,
      taskId: String(sender),
      ipAddrList: [{ ip: '127.0.0.1', port: 8600 }],
      transMode: TRANSFER_FILE_TYPE.online,
      offlineReady: 0,
    }),
    read: ({ taskId, fileSize }) => ({ sender: Number(taskId), sequence: fileSize }),
    recipients: bothOf,
  },
  switch_p2p_cmd: {
    make: ({ sender, sequence }, { from, to }) => ({
      fromUserId: from,
      toUserId: to,
      cmdMsgData: `${sender} ${sequence}`,
    }),
    read: ({ cmdMsgData }) => {
      const [sender, sequence] = cmdMsgData.split(' ').map(Number);
      return sender === undefined || sequence === undefined ? undefined : { sender, sequence };
    },
    recipients: bothOf,
  },
  remove_session_notify: {
    make: ({ sender, sequence }) => ({
      userId: sequence,
      sessionType: SESSION_TYPE.single,
      sessionId: sender,
    }),
    read: ({ userId, sessionId }) => ({ sender: sessionId, sequence: userId }),
    // The user in it is its number, which is online on no link.
    recipients: () => [],
  },
  sign_info_changed_notify: {
    make: ({ sender, sequence }) => ({ changedUserId: sequence, signInfo: String(sender) }),
    read: ({ changedUserId, signInfo }) => ({ sender: Number(signInfo), sequence: changedUserId }),
    recipients: toAll,
  },
};

/** Builds a PDU that carries a stamp. */
type NumberedMessage = Extract<DecodedMessage, { readonly command: NumberedCommand }>;

/** Whether the command carries a stamp. */
export function isNumbered(message: DecodedMessage): message is NumberedMessage {
  return Object.hasOwn(NUMBERED, message.command);
}

/** Reads the stamp of a PDU; undefined without one. */
export function stampOf<Name extends NumberedCommand>(
  message: DecodedPdu<Name>,
): Stamp | undefined {
  return NUMBERED[message.command].read(message.fields);
}

/** Time of sending, by performance.now() of the sending process. */
export function sentAtMs({ msgData }: MessageFields['msg_data']): number {
  return msgData.readDoubleBE(8);
}

/** Share of each kind per 1000 relayed PDUs. */
export const COMMAND_WEIGHTS: Readonly<Record<NumberedCommand, number>> = {
  msg_data: 700,
  msg_read_notify: 250,
  group_change_member_notify: 10,
  file_notify: 10,
  switch_p2p_cmd: 15,
  remove_session_notify: 10,
  sign_info_changed_notify: 5,
};
