import { spawn } from 'node:child_process';

/** Something to be done should this process die without having done it itself. */
export interface OrphanGuard {
  /** No longer needed: the command will not run. */
  readonly release: () => void;
}

/**
 * Runs a shell command once this process is gone, however it went (also by SIGKILL, when no handler of
 * its own can run). A small shell waits at the other end of a pipe that closes with this process.
 */
export function guardOrphan(command: string): OrphanGuard {
  const shell = spawn('sh', ['-c', `read -r released || { ${command}; }`], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  // Where there is no sh there is no guard; whoever asked for it still stops its things when it can.
  shell.on('error', () => {});
  shell.stdin.on('error', () => {});
  shell.unref();
  // A pipe to a child is a socket to Node, but is typed as a plain stream, which has no unref.
  if ('unref' in shell.stdin && typeof shell.stdin.unref === 'function') shell.stdin.unref();
  return { release: () => shell.stdin.end('released\n') };
}
