/**
 * A small msg_server. A client connects over TCP and sends its user id as the first line, then
 * lines `TO TEXT`, each a message to user TO. A user has one client: a new login closes the
 * connection of the old one, wherever that is. Settings: PORT (default 8000), ROUTE (addresses of
 * route nodes, default 127.0.0.1:8200).
 */
import { createServer, type Socket } from 'node:net';
import {
  CLIENT_TYPE,
  type MessageFields,
  MSG_TYPE,
  RouteClient,
  USER_STATUS,
} from '@route/link-client';

const MAX_LINE_LENGTH = 4_096;
const MAX_UNSENT_BYTES = 1024 * 1024;
const CLOSE_GRACE_MS = 2_000;
const MAX_USER_ID = 0xffff_ffff;

const clientType = CLIENT_TYPE.windows;
const { online, offline } = USER_STATUS;
/** The connection of each user that is logged in here. */
const clients = new Map<number, Socket>();

const route = new RouteClient({
  addresses: (process.env['ROUTE'] ?? '127.0.0.1:8200').split(','),
  links: 'any',
  snapshot: () => Array.from(clients.keys(), (userId) => ({ userId, status: online, clientType })),
});
route.on('up', ({ address }) => console.log(`link up: ${address}`));
route.on('down', ({ address, reason, detail = '', retryMs = 0 }) => {
  console.warn(
    `link down: ${address} ${reason} ${detail}; next attempt in ${Math.round(retryMs)} ms`,
  );
});
route.on('unreadable', (pdu, address) => {
  console.warn(`dropped an unreadable PDU of ${pdu.length} bytes from ${address}`);
});
route.on('msg_data', (message) => deliver(message));
route.on('server_kick_user', ({ userId }) => {
  const socket = clients.get(userId);
  if (socket === undefined) return;
  logout(userId);
  closeReplaced(socket);
});
route.connect();

/** Writes a message to its user if that user is logged in here. */
function deliver({ fromUserId, toSessionId, msgData }: MessageFields['msg_data']): boolean {
  const socket = clients.get(toSessionId);
  if (socket === undefined) return false;
  socket.write(`${fromUserId}: ${msgData}\n`);
  // The client does not read. Without a limit, it would fill this process's memory.
  if (socket.writableLength > MAX_UNSENT_BYTES) socket.destroy();
  return true;
}

function login(userId: number, socket: Socket): void {
  const replaced = clients.get(userId);
  clients.set(userId, socket);
  if (replaced !== undefined) closeReplaced(replaced);
  else route.updateStatus({ userId, status: online, clientType });
  // The node relays this to all other msg_servers, not back to this one.
  route.send('server_kick_user', { userId, clientType, reason: 1 });
  console.log(`user ${userId} logged in`);
}

function logout(userId: number): void {
  clients.delete(userId);
  route.updateStatus({ userId, status: offline, clientType });
  console.log(`user ${userId} logged out`);
}

/** Closes a connection replaced by a later login, even if the client keeps its side open. */
function closeReplaced(socket: Socket): void {
  socket.end('you have logged in elsewhere\n');
  setTimeout(() => socket.destroy(), CLOSE_GRACE_MS).unref();
}

/** Delivers one line `TO TEXT` here and sends it to the other msg_servers. */
async function sendMessage(fromUserId: number, line: string, socket: Socket): Promise<void> {
  const [, to, text = ''] = /^(\d+) (.*)$/.exec(line) ?? [];
  const toSessionId = parseUserId(to);
  if (toSessionId === undefined) {
    socket.write('expected: TO TEXT, where TO is a user id\n');
    return;
  }
  const message = {
    fromUserId,
    toSessionId,
    msgId: 1,
    createTime: Math.floor(Date.now() / 1_000),
    msgType: MSG_TYPE.singleText,
    msgData: Buffer.from(text),
  };
  const delivered = deliver(message);
  const outcome = route.send('msg_data', message);
  if (outcome === 'no-link' && !delivered) socket.write('not sent: no route node is connected\n');
  // Reading this client goes on when the link has room again.
  if (outcome === 'wait') await route.writable();
}

function parseUserId(text = ''): number | undefined {
  const userId = Number(text);
  return /^\d+$/.test(text) && userId >= 1 && userId <= MAX_USER_ID ? userId : undefined;
}

/** The lines that a client sends. Throws when the connection breaks or a line is too long. */
async function* linesOf(socket: Socket): AsyncGenerator<string> {
  let rest = '';
  for await (const text of socket.setEncoding('utf8')) {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) yield line.trim();
    if (rest.length > MAX_LINE_LENGTH) throw new Error('line too long');
  }
}

async function serve(socket: Socket): Promise<void> {
  let userId: number | undefined;
  try {
    for await (const line of linesOf(socket)) {
      if (userId === undefined) {
        userId = parseUserId(line);
        if (userId === undefined) {
          socket.end('expected a user id\n');
          return;
        }
        login(userId, socket);
      } else if (clients.get(userId) === socket) {
        await sendMessage(userId, line, socket);
      }
    }
  } catch (error) {
    console.warn(`connection of user ${userId ?? '(not logged in)'} broke: ${error}`);
  } finally {
    if (userId !== undefined && clients.get(userId) === socket) logout(userId);
  }
}

const server = createServer((socket) => {
  // serve() reports errors while it reads; this listener covers those after it.
  socket.on('error', () => {});
  void serve(socket);
});
server.on('error', (error) => {
  console.error(`cannot listen: ${error.message}`);
  process.exit(1);
});
server.listen(Number(process.env['PORT'] ?? 8_000));
