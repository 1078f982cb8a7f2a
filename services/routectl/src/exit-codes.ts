/** Exit statuses, so that scripts can check the result of a command. */
export const EXIT = {
  ok: 0,
  /** Something is wrong with the cluster, or a node refused. */
  wrong: 1,
  /** The command line cannot be understood. */
  usage: 2,
  /** Nothing could be reached that could answer. */
  unreachable: 3,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** A command that cannot go on; the message is for people. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
  readonly exitCode: ExitCode;

  constructor(exitCode: ExitCode, message: string) {
    super(message);
    this.exitCode = exitCode;
  }
}
