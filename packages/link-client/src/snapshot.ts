import { type ClientStatus, encodeMessage, HEADER_BYTES } from '@route/protocol';

/** Maximum size of an entry: its tag and length, an id of 6 bytes, two enums of 2. */
const ENTRY_BYTES = 12;

/**
 * The list of all clients for a link that is up. Protocol: one ONLINE_USER_INFO, even if empty. A
 * list too long for a node is split into several, which add up.
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
