import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { type ConnectionOptions, connect as connectTls, type TLSSocket } from 'node:tls';
import { expect } from 'vitest';
import {
  connectTo,
  type LinkTarget,
  type LogLine,
  type RouteNode,
  TestLink,
} from '../harness/index.ts';

const SIGNATURE = Buffer.from('0d0a0d0a000d0a515549540a', 'hex');
const TLV = Buffer.from('03000412345678', 'hex');

/** A msg_server behind a load balancer: its own address and port. */
export interface Client {
  readonly ip: readonly number[];
  readonly port: number;
}

/** What a load balancer sends before a msg_server's bytes: PROXY protocol, version 2. */
export function proxyHeader({ ip, port }: Client): Buffer {
  const ports = Buffer.alloc(4);
  ports.writeUInt16BE(port, 0);
  ports.writeUInt16BE(8200, 2);
  const addresses = Buffer.concat([Buffer.from(ip), Buffer.alloc(ip.length, 1), ports, TLV]);
  const fixed = Buffer.from([0x21, ip.length === 4 ? 0x11 : 0x21, 0, addresses.length]);
  return Buffer.concat([SIGNATURE, fixed, addresses]);
}

/** What it sends when the connection is its own. */
export const LOCAL_HEADER = Buffer.concat([SIGNATURE, Buffer.from([0x20, 0, 0, 0])]);

/** The header for a connection with unknown addresses. */
export const UNSPECIFIED_HEADER = Buffer.concat([SIGNATURE, Buffer.from([0x21, 0, 0, 0])]);

/** A connection from another of this machine's own addresses. */
export async function connectFrom(
  { host, port }: LinkTarget,
  localAddress: string,
): Promise<Socket> {
  const socket = connect({ host, port, localAddress });
  await once(socket, 'connect');
  return socket;
}

/** Opens a link as through a load balancer. */
export async function openProxied(target: LinkTarget, client: Client): Promise<TestLink> {
  const socket = await connectTo(target);
  socket.write(proxyHeader(client));
  return new TestLink(socket);
}

/** Encrypts a connection that is open. */
export async function secure(socket: Socket, options: ConnectionOptions): Promise<TLSSocket> {
  const secured = connectTls({ ...options, socket });
  await once(secured, 'secureConnect');
  return secured;
}

/** Opens an encrypted link. */
export async function openSecure(
  target: LinkTarget,
  options: ConnectionOptions,
): Promise<TestLink> {
  return new TestLink(await secure(await connectTo(target), options));
}

/** A node as the end of links that are opened in a way of their own. */
export function reached(
  { host, port }: RouteNode,
  prepare: (socket: Socket) => Promise<Socket>,
): LinkTarget {
  return { host, port, connect: async () => await prepare(await connectTo({ host, port })) };
}

/** Waits until a node has refused `count` connections for a reason; returns a log line of it. */
export async function refused(node: RouteNode, reason: string, count = 1): Promise<LogLine> {
  await node.waitForMetric('route_connections_refused_total', (value) => value >= count, {
    labels: { reason },
  });
  expect(await node.metric('route_connections_refused_total', { reason })).toBe(count);
  return await node.waitForLog('connection-refused', (line) => line['reason'] === reason);
}
