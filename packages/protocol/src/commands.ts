/** The action of a route server on a received PDU. A closed set. */
export type Handling =
  /** Only proves the link alive; not answered. */
  | 'heartbeat'
  /** Remembers whether the link is its msg_server's master link. */
  | 'role-set'
  /** Adds every listed client to presence, without notifications. */
  | 'snapshot'
  /** Updates presence, then notifies. */
  | 'status-update'
  /** Answers the asking link. */
  | 'status-query'
  /** Relays the bytes unchanged to every link except the sender's. */
  | 'relay-to-others'
  /** Relays the bytes unchanged to every link, including the sender's. */
  | 'relay-to-all'
  /** Counts it and drops it; the link stays. */
  | 'ignore';

/** The ways of handling by which bytes are passed on unread. */
export type RelayHandling = Extract<Handling, 'relay-to-others' | 'relay-to-all'>;

/** The ways of handling for which a body is read. */
export type ReadHandling = Extract<
  Handling,
  'role-set' | 'snapshot' | 'status-update' | 'status-query'
>;

/** One kind of PDU. */
export interface Command {
  readonly serviceId: number;
  readonly commandId: number;
  readonly handling: Handling;
}

/**
 * Every command this project knows, by the name that metrics, logs and tools use. The last three
 * are made by a route server alone; it ignores them when a msg_server sends one.
 */
export const COMMANDS = {
  heartbeat: { serviceId: 0x0007, commandId: 0x0701, handling: 'heartbeat' },
  role_set: { serviceId: 0x0007, commandId: 0x0707, handling: 'role-set' },
  online_user_info: { serviceId: 0x0007, commandId: 0x0708, handling: 'snapshot' },
  user_status_update: { serviceId: 0x0007, commandId: 0x070a, handling: 'status-update' },
  users_status_request: { serviceId: 0x0002, commandId: 0x020a, handling: 'status-query' },
  msg_data: { serviceId: 0x0003, commandId: 0x0301, handling: 'relay-to-others' },
  msg_read_notify: { serviceId: 0x0003, commandId: 0x0304, handling: 'relay-to-others' },
  group_change_member_notify: {
    serviceId: 0x0004,
    commandId: 0x040b,
    handling: 'relay-to-others',
  },
  file_notify: { serviceId: 0x0005, commandId: 0x0508, handling: 'relay-to-others' },
  switch_p2p_cmd: { serviceId: 0x0006, commandId: 0x0601, handling: 'relay-to-others' },
  server_kick_user: { serviceId: 0x0007, commandId: 0x070d, handling: 'relay-to-others' },
  remove_session_notify: { serviceId: 0x0002, commandId: 0x020f, handling: 'relay-to-others' },
  sign_info_changed_notify: { serviceId: 0x0002, commandId: 0x0215, handling: 'relay-to-all' },
  login_status_notify: { serviceId: 0x0007, commandId: 0x070e, handling: 'ignore' },
  status_notify: { serviceId: 0x0002, commandId: 0x0203, handling: 'ignore' },
  users_status_response: { serviceId: 0x0002, commandId: 0x020b, handling: 'ignore' },
} as const satisfies Record<string, Command>;

/** The name of a known command. */
export type CommandName = keyof typeof COMMANDS;

/** The name at index 0, for ids that are not in COMMANDS. */
export const UNKNOWN_COMMAND = 'unknown';

/** Whether a name is a known command's. */
export function isCommandName(name: string): name is CommandName {
  return Object.hasOwn(COMMANDS, name);
}

const knownNames = Object.keys(COMMANDS).filter(isCommandName);

/** A command's name by its index; index 0 stands for all unknown ones. */
export const COMMAND_NAMES: readonly (CommandName | typeof UNKNOWN_COMMAND)[] = [
  UNKNOWN_COMMAND,
  ...knownNames,
];

/** Number of indexes, including 0: the length of an array of counters. */
export const COMMAND_COUNT = COMMAND_NAMES.length;

/** How to handle a command, by its index. */
export const COMMAND_HANDLINGS: readonly Handling[] = [
  'ignore',
  ...knownNames.map((name) => COMMANDS[name].handling),
];

/**
 * The index of a command, by its command id: a table for every uint16, so that the hot path looks
 * nothing up by name. The service id plays no part.
 */
export const COMMAND_INDEX_BY_ID: Uint8Array = new Uint8Array(65_536);
for (const [position, name] of knownNames.entries()) {
  COMMAND_INDEX_BY_ID[COMMANDS[name].commandId] = position + 1;
}

/** The name of the command with this command id, or 'unknown'. */
export function commandName(commandId: number): CommandName | typeof UNKNOWN_COMMAND {
  return COMMAND_NAMES[COMMAND_INDEX_BY_ID[commandId] ?? 0] ?? UNKNOWN_COMMAND;
}
