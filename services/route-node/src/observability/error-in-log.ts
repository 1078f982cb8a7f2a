/** The logged form of an error. */
interface LoggedError {
  readonly type: string;
  readonly message: string;
  readonly stack?: string;
  readonly code?: string;
  readonly cause?: LoggedError;
}

const MOST_CAUSES = 5;

/**
 * Converts an error to its logged form: these fields alone. Errors carry arbitrary other fields;
 * those of the Redis client have the failed command with all its arguments, including passwords.
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
