import type { Command } from 'commander';
import type { ReplayOptions } from '../replay-file.ts';
import type { Bind } from '../session.ts';
import { deliveryMode } from './arguments.ts';

export function addReplay(program: Command, bind: Bind): void {
  program
    .command('replay')
    .argument('<file>', 'a trace of the original route_server, JSON')
    .description('replay a recorded trace against the cluster and compare byte for byte')
    .option('--to <host:port,...>', 'where to connect, in turn (default: all nodes)')
    .option(
      '--delivery <way>',
      'ROUTE_DELIVERY of the nodes: broadcast or directed',
      deliveryMode,
      'broadcast',
    )
    .option('--even-with-links', 'also where other links are open')
    .addHelpText(
      'after',
      `
The trace's links go to the nodes in turn. All links of the cluster receive what is replayed, so it is
refused while others are open: their msg_servers would act on it. Users of the trace that remain
are announced offline after ROUTE_OFFLINE_GRACE_SECONDS.

With --delivery directed a link is expected to receive PDUs for users only if the trace has listed
those users on it. Nodes with incomplete membership, as just after their start, broadcast, which shows as
a difference: then replay again.

Exit status 1 when a link received something else than in the trace.

Examples:
  routectl replay test/golden/relay_msg_data.json
  routectl replay trace.json --to 127.0.0.1:8200
  routectl replay trace.json --delivery directed`,
    )
    .action(
      bind(async (session, file: string, options: ReplayOptions) => {
        // Loaded on demand: it loads all PDU code.
        const { replayFile } = await import('../replay-file.ts');
        return await replayFile(session, file, options);
      }),
    );
}
