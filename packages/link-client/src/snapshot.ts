import { type ClientStatus, encodeMessage, HEADER_BYTES } from '@route/protocol';

/** The most that one entry takes: its tag and length, an id of 6 bytes, two enums of 2. */
const ENTRY_BYTES = 12;

/**
 * The list of all clients for a link that has come up. Protocol: one ONLINE_USER_INFO, empty too. A list
 * that no node would take for its length is cut in several, which add up.
 */
export function encodeSnapshot(clients: readonly ClientStatus[], maxPduBytes: number): Buffer[] {
  const most = Math.max(1, Math.floor((maxPduBytes - HEADER_BYTES) / ENTRY_BYTES));
  const pdus: Buffer[] = [];
  let start = 0;
  do {
    const userStatList = clients.slice(start, start + most);
    pdus.push(encodeMessage('online_user_info', { userStatList }));
    start += most;
  } while (start < clients.length);
  return pdus;
}
