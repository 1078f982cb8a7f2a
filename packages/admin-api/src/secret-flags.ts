/**
 * Finds flags that give a secret, which every user of the machine reads in the process list; their
 * values are left out. Flags that name a file, as --token-file, give none.
 */
export function findSecretFlags(argv: readonly string[]): string[] {
  const names = argv.map((arg) => arg.split('=', 1).join(''));
  return names.filter((name) =>
    /^--?(?:[a-z]+[-_])*(?:password|token|secret|redis[-_]url)$/i.test(name),
  );
}

/** Describes a flag that contains a secret, and how to pass the secret instead. */
export function secretFlagProblem(flag: string): string {
  return `${flag} is given: expected no flag for a secret, since flags show in the process list; set REDIS_URL, REDIS_PASSWORD or ROUTE_ADMIN_TOKEN in the environment, or name a file with it in NAME_FILE, as REDIS_PASSWORD_FILE or ROUTE_ADMIN_TOKEN_FILE`;
}
