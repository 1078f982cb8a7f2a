import type { Command } from 'commander';
import type { Bind } from '../session.ts';

export function addDoctor(program: Command, bind: Bind): void {
  program
    .command('doctor')
    .description('report problems of the cluster and its Redis, with advice')
    .addHelpText(
      'after',
      `
Looks at: whether all nodes answer and are ready, versions, settings that must agree, leases, clocks, the
bus, slow links; in Redis (given by --redis or REDIS_URL, else tried at 127.0.0.1:6379) at maxmemory-policy,
output buffers, subscribers, and ghosts: users of links that are gone. Nothing is changed.

Exit status 1 when anything is wrong, or worth a warning.

Examples:
  routectl --redis redis://10.0.0.9 doctor
  routectl doctor --json | jq '.findings[] | select(.level != "ok")'`,
    )
    .action(
      bind(async (session) => {
        // Loaded on demand: it loads all Redis code.
        const { doctor } = await import('../doctor/doctor.ts');
        return await doctor(session);
      }),
    );
}
