import type { WatchedPdu, WatchMessage } from '@route/admin-api';
import type { LinkId } from '@route/presence';
import {
  COMMANDS,
  type CommandName,
  commandName,
  type DecodedMessage,
  decodeMessage,
  HEADER_BYTES,
  isCommandName,
  readHeader,
} from '@route/protocol';
import { z } from 'zod';
import { whole, zeroOrOne } from '../../config/setting-kinds.ts';
import type { PduMonitor } from '../../observability/pdu-monitor.ts';
import { ApiError } from '../http/api-error.ts';
import type { Guard } from '../http/guard.ts';
import { listOf, readQuery } from '../http/query.ts';
import type { Route } from '../http/route.ts';

export interface WatchSources {
  readonly nodeId: string;
  readonly watch: PduMonitor;
  readonly guard: Guard;
  /** ROUTE_WATCH_BODIES: whether bodies may be shown at all. */
  readonly bodiesAllowed: boolean;
  /** The address of a link; undefined for a closed one. */
  peerOf(link: LinkId): string | undefined;
}

/** So much of a body is shown. */
const MAX_BODY_BYTES = 4096;

/** Fields of larger bodies are not shown: decoding a million users would block for a second. */
const MAX_DECODED_BYTES = 64 * 1024;

/** Fields with user content; all others are ids, times and types. */
const CONTENTS: ReadonlySet<string> = new Set([
  'msgData',
  'attachData',
  'cmdMsgData',
  'signInfo',
  'fileName',
]);

/**
 * What can be monitored: PDUs of msg_servers that are read or relayed, and the nodes'
 * notifications.
 */
const WATCHABLE = Object.keys(COMMANDS)
  .filter(isCommandName)
  .filter((name) => !(['heartbeat', 'users_status_response'] as CommandName[]).includes(name));

const watchQuery = z.strictObject({
  command: listOf(
    (text) => WATCHABLE.some((name) => name === text),
    `one or several of ${WATCHABLE.join(', ')}`,
  ).optional(),
  link: z.string().optional(),
  rate: whole(1, 1000).default(100),
  decode: zeroOrOne.default(false),
  bodies: zeroOrOne.default(false),
});
type WatchQuery = z.infer<typeof watchQuery>;

/** The PDUs that pass through the node, as they pass. */
export function watchRoutes(sources: WatchSources): Route[] {
  return [
    {
      method: 'GET',
      path: '/api/v1/watch',
      handle: ({ query, headers }) => {
        const wanted = readQuery(watchQuery, query);
        // Which users write to each other is as private as a change of state is privileged.
        if (wanted.bodies) sources.guard.checkToken(headers);
        else sources.guard.checkTokenWhereSet(headers);
        if (wanted.bodies && !sources.bodiesAllowed) {
          throw new ApiError(
            'bodies-not-allowed',
            'bodies is "1": expected ROUTE_WATCH_BODIES to be "on" at this node',
          );
        }
        return {
          kind: 'stream',
          start: (stream) => watching(sources, wanted, (message) => stream.send(message)),
        };
      },
    },
  ];
}

/** Sends matching PDUs at a limited rate, with the number of omitted ones. */
function watching(
  sources: WatchSources,
  wanted: WatchQuery,
  send: (message: WatchMessage) => boolean,
): () => void {
  const { nodeId, watch } = sources;
  const commands = wanted.command && new Set(wanted.command);
  let left = wanted.rate;
  let dropped = 0;
  const end = watch.add({
    saw: (link, pdu) => {
      if (wanted.link !== undefined && wanted.link !== link) return;
      if (commands?.has(commandName(readHeader(pdu).commandId)) === false) return;
      if (left > 0 && send(describe(sources, wanted, { link, pdu }))) left--;
      else dropped++;
    },
  });
  const timer = setInterval(() => {
    left = wanted.rate;
    if (dropped === 0) return;
    if (send({ kind: 'dropped', atMs: Date.now(), node: nodeId, pdus: dropped })) dropped = 0;
  }, 1000);
  return () => {
    clearInterval(timer);
    end();
  };
}

function describe(
  { nodeId, peerOf }: WatchSources,
  { decode, bodies }: WatchQuery,
  { link, pdu }: { link: LinkId | undefined; pdu: Buffer },
): WatchedPdu {
  const header = readHeader(pdu);
  const decoded = decode && pdu.length <= MAX_DECODED_BYTES ? decodeMessage(pdu) : undefined;
  const fields = decoded && (bodies ? decoded.fields : withoutContents(decoded.fields));
  return {
    kind: 'pdu',
    atMs: Date.now(),
    node: nodeId,
    link: link ?? null,
    peer: link === undefined ? null : (peerOf(link) ?? null),
    command: commandName(header.commandId),
    ...header,
    ...(decode && { fields: fields === undefined ? null : { ...fields } }),
    ...(bodies && {
      bodyHex: pdu.toString('hex', HEADER_BYTES, HEADER_BYTES + MAX_BODY_BYTES),
    }),
  };
}

/** A body's fields; of contents only how many bytes they have. */
export function withoutContents(fields: DecodedMessage['fields']): Record<string, unknown> {
  const shown = Object.entries(fields).map(([name, value]: [string, unknown]) => [
    name,
    CONTENTS.has(name) ? { bytes: Buffer.byteLength(bytesOf(value)) } : value,
  ]);
  return Object.fromEntries(shown);
}

function bytesOf(value: unknown): string | Uint8Array {
  return typeof value === 'string' || value instanceof Uint8Array ? value : '';
}
