/** What the log tells of an error. */
export interface LoggedError {
  readonly type: string;
  readonly message: string;
  readonly stack?: string;
  readonly code?: string;
  readonly cause?: LoggedError;
}

const MOST_CAUSES = 5;

/**
 * An error as the log tells of it: these fields alone. Errors carry whatever their makers hang on them; those of
 * the Redis client have the command that failed with all its arguments, passwords among them.
 */
export function errorInLog(error: unknown, causes = MOST_CAUSES): LoggedError {
  if (!(error instanceof Error)) return { type: typeof error, message: String(error) };
  const { name: type, message, stack, cause } = error;
  return {
    type,
    message,
    ...(stack !== undefined && { stack }),
    ...('code' in error && { code: String(error.code) }),
    ...(cause !== undefined && causes > 0 && { cause: errorInLog(cause, causes - 1) }),
  };
}
