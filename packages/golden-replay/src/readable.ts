import { commandName } from '@route/protocol';
import type { Outcome } from './replay.ts';

const COMMAND_ID_OFFSET = 10;

/** Formats received PDUs as one line each with every byte, so that a diff shows the difference. */
export function readable({ expect: arrivals, closedByServer, heartbeats }: Outcome): {
  readonly links: Readonly<Record<string, readonly string[]>>;
  readonly closedByServer: Readonly<Record<string, number>>;
  readonly heartbeats: number | undefined;
} {
  const links = Object.entries(arrivals).map(([link, pdus]) => [
    link,
    pdus.map(({ step, pdu }) => {
      const command = commandName(pdu.readUInt16BE(COMMAND_ID_OFFSET));
      return `step ${step}: ${command} ${pdu.toString('hex')}`;
    }),
  ]);
  return { links: Object.fromEntries(links), closedByServer, heartbeats };
}
