import { LOG_FOLDER, LocalCluster } from './local-cluster.ts';
import { readStartSettings, START_HELP } from './settings.ts';

const STOP_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * npm start: installs missing parts, runs the cluster and stops it again. Returns the exit status.
 */
async function main(): Promise<number> {
  if (process.argv.includes('--help')) {
    say(START_HELP);
    return 0;
  }
  const result = readStartSettings(process.env, process.argv.slice(2));
  if ('problems' in result) {
    say([...result.problems, '', START_HELP].join('\n'));
    return 1;
  }

  const allGone = Promise.withResolvers<void>();
  const signalled = Promise.withResolvers<void>();
  const cluster = new LocalCluster(result.settings, LOG_FOLDER, {
    say,
    onAllGone: () => allGone.resolve(),
  });
  let signals = 0;
  for (const name of STOP_SIGNALS) {
    process.on(name, () => {
      signals++;
      if (signals === 1) say('Stopping; press again to stop at once ...');
      else cluster.kill();
      signalled.resolve();
    });
  }

  const started = cluster.start();
  try {
    const outcome = await Promise.race([started, signalled.promise]);
    if (outcome === true) await Promise.race([allGone.promise, signalled.promise]);
  } finally {
    await cluster.stop();
  }
  // Signalled during the start: what was starting has started now and is stopped as well.
  await started;
  await cluster.stop();
  return signals > 0 ? 0 : 1;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

process.exitCode = await main();
