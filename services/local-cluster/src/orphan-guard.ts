import { spawn } from 'node:child_process';

/** Something to be done should this process die without having done it itself. */
export interface OrphanGuard {
  /** Reads the command's `$subject`. Until then the command does not run. */
  readonly protect: (subject: string | number) => void;
  /** No longer needed: the command will not run. */
  readonly release: () => void;
}

/**
 * Runs a shell command after this process has exited for any reason (also SIGKILL, when none of its
 * handlers can run). A small shell waits at the other end of a pipe that closes with this process.
 *
 * Set it up just before starting the guarded process, so that the unguarded time is short.
 */
export function guardOrphan(command: string): OrphanGuard {
  const script = `read -r subject && { read -r released || { ${command}; }; }`;
  const shell = spawn('sh', ['-c', script], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  // Without sh there is no guard; the caller still stops its processes when it can.
  shell.on('error', () => {});
  shell.stdin.on('error', () => {});
  shell.unref();
  // A pipe to a child is a socket to Node, but is typed as a plain stream, which has no unref.
  if ('unref' in shell.stdin && typeof shell.stdin.unref === 'function') shell.stdin.unref();

  let isProtecting = false;
  return {
    protect: (subject) => {
      isProtecting = true;
      shell.stdin.write(`${subject}\n`);
    },
    release: () => {
      if (isProtecting) shell.stdin.end('released\n');
      else shell.stdin.end();
    },
  };
}
