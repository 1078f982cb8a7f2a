import type { Command } from 'commander';
import type { Bind } from '../program.ts';
import type { ReplayOptions } from '../replay-file.ts';

export function addReplay(program: Command, bind: Bind): void {
  program
    .command('replay')
    .argument('<file>', 'a trace of the original route_server, JSON')
    .description('replay a recorded trace against the cluster and compare byte for byte')
    .option('--to <host:port,...>', 'where to connect, in turn (default: all nodes)')
    .option('--even-with-links', 'also where other links are open')
    .addHelpText(
      'after',
      `
The trace's links go to the nodes in turn. All links of the cluster receive what is replayed, so it is
refused while others are open: their msg_servers would take it for real. Users of the trace who are left
are told to be offline after ROUTE_LOST_GRACE_SECONDS.

Exit status 1 when a link received something else than in the trace.

Examples:
  routectl replay test/golden/relay_msg_data.json
  routectl replay trace.json --to 127.0.0.1:8200`,
    )
    .action(
      bind(async (session, file: string, options: ReplayOptions) => {
        // It takes a while to load, with all that reads and writes PDUs.
        const { replayFile } = await import('../replay-file.ts');
        return await replayFile(session, file, options);
      }),
    );
}
