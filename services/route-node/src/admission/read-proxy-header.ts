import type { Socket } from 'node:net';
import { type ProxyHeader, ProxyHeaderReader } from './proxy-header.ts';

/** The start of a connection; 'ended' where it closed before that was known. */
export type ProxyOutcome =
  | { readonly kind: 'header'; readonly header: ProxyHeader; readonly bytes: number }
  | { readonly kind: 'wrong'; readonly problem: string }
  | { readonly kind: 'ended' };

/**
 * Reads a connection's header, and leaves the bytes after it for the next reader: the socket is
 * then paused.
 */
export async function readProxyHeader(socket: Socket): Promise<ProxyOutcome> {
  const reader = new ProxyHeaderReader();
  let read = 0;
  return await new Promise((resolve) => {
    const finish = (outcome: ProxyOutcome): void => {
      socket.off('data', take).off('end', ended).off('close', ended).pause();
      resolve(outcome);
    };
    const ended = (): void => finish({ kind: 'ended' });
    const take = (chunk: Buffer): void => {
      read += chunk.length;
      const progress = reader.push(chunk);
      if (progress.kind === 'wrong') finish(progress);
      if (progress.kind !== 'complete') return;
      const { header, rest } = progress;
      finish({ kind: 'header', header, bytes: read - rest.length });
      if (rest.length > 0) socket.unshift(rest);
    };
    socket.on('data', take).on('end', ended).on('close', ended);
  });
}
