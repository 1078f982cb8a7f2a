export {
  type AddedClientTypes,
  ClientTypes,
  isPc,
  MOST_ADDED_CLIENT_TYPES,
  MOST_CLIENT_TYPE,
  STANDARD_CLIENT_TYPES,
  wireClientType,
} from './client-types.ts';
export {
  COMMAND_COUNT,
  COMMAND_HANDLINGS,
  COMMAND_INDEX_BY_ID,
  COMMAND_NAMES,
  COMMANDS,
  type Command,
  type CommandName,
  commandName,
  type Handling,
  isCommandName,
  type ReadHandling,
  type RelayHandling,
  UNKNOWN_COMMAND,
} from './commands.ts';
export { ConcernedUsers, isKick } from './concerned-users.ts';
export { Framer, type FramerOptions, type PduSink } from './framer.ts';
export { FRAMING_ERROR_CODES, type FramingError, type FramingErrorCode } from './framing-error.ts';
export { HEADER_BYTES, type Header, readHeader, writeHeader } from './header.ts';
export {
  type DecodedMessage,
  type DecodedPdu,
  decodeFields,
  decodeMessage,
  encodeMessage,
  type HeaderChoice,
} from './message-codec.ts';
export {
  CLIENT_TYPE,
  type ClientStatus,
  type ClientType,
  GROUP_MODIFY_TYPE,
  type GroupModifyType,
  isUserStatus,
  type MessageFields,
  MSG_TYPE,
  type MsgType,
  SESSION_TYPE,
  type SessionType,
  TRANSFER_FILE_TYPE,
  type TransferFileType,
  USER_STATUS,
  type UserStat,
  type UserStatus,
} from './message-fields.ts';
export { PduSplitter, type PduSplitterOptions } from './pdu-splitter.ts';
export {
  decodeOnlineUserInfo,
  decodeRoleSet,
  decodeUserStatusUpdate,
  decodeUsersStatusRequest,
  encodeLoginStatusNotify,
  encodeStatusNotify,
  encodeUserStats,
  encodeUsersStatusResponse,
  HEARTBEAT_PDU,
  joinUsersStatusResponse,
  ListedClients,
  NOTIFY_BYTES,
  type UsersStatusRequest,
  type UsersStatusResponse,
  unknownClientTypeOf,
  writeLoginStatusNotify,
  writeStatusNotify,
} from './presence-messages.ts';
