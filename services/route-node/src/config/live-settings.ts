import { readFileSync } from 'node:fs';
import type { z } from 'zod';
import { type SettingName, type Settings, settingsSchema } from './settings-schema.ts';

/** Settings with values in files, which are read again while the node runs. */
const LIVE_NAMES = [
  'REDIS_URL',
  'REDIS_PASSWORD',
  'REDIS_SENTINEL_PASSWORD',
  'REDIS_TLS_CA',
  'REDIS_TLS_CERT',
  'REDIS_TLS_KEY',
  'ROUTE_ADMIN_TOKEN',
] as const satisfies readonly SettingName[];

type LiveName = (typeof LIVE_NAMES)[number];

/** Each of them with a schema of its own, so that an unusable one leaves the others in force. */
const LIVE = LIVE_NAMES.map((name) => {
  const only: Partial<Record<LiveName, true>> = { [name]: true };
  return { name, schema: settingsSchema.pick(only) };
});

/** Minimum interval between reads, for any number of uses. */
const READ_EVERY_MS = 500;

export interface LiveSettingsOptions {
  /** All settings as they were read at the start. */
  readonly settings: Settings;
  /** Their texts: the given value, or the content of the named file. */
  readonly texts: Partial<Readonly<Record<SettingName, string>>>;
  /** The files with secrets. */
  readonly files: Partial<Readonly<Record<SettingName, string>>>;
  /** Monotonic milliseconds. */
  readonly now?: () => number;
}

/**
 * The settings with the current contents of their files: passwords, tokens and certificates are
 * replaced while a node runs. An unusable file keeps the previous value, and is reported.
 */
export class LiveSettings {
  readonly #options: LiveSettingsOptions;
  readonly #now: () => number;
  #current: Settings;
  #readAtMs: number;
  #problems: string[] = [];
  /** Called with the problem each time a file is unusable. */
  onProblem: (problem: string) => void = () => {};

  constructor(options: LiveSettingsOptions) {
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
    this.#current = options.settings;
    this.#readAtMs = this.#now();
  }

  /** All settings; file contents are no older than half a second. */
  get current(): Settings {
    if (this.#now() - this.#readAtMs >= READ_EVERY_MS) this.read();
    return this.#current;
  }

  /** Reads the files now. @returns the problems found. */
  read(): readonly string[] {
    this.#readAtMs = this.#now();
    this.#problems = [];
    for (const { name, schema } of LIVE) {
      const { success, data, error } = schema.safeParse({ [name]: this.#textOf(name) });
      if (success) this.#current = Object.freeze({ ...this.#current, ...data });
      else this.#problems.push(this.#problemOf(name, error));
    }
    for (const problem of this.#problems) this.onProblem(problem);
    return this.#problems;
  }

  /** A secret's file that is missing or empty for a moment, as in a rotation, gives no text. */
  #textOf(name: LiveName): string | undefined {
    const file = this.#options.files[name];
    if (file === undefined) return this.#options.texts[name];
    try {
      return readSecret(file) || undefined;
    } catch {
      return undefined;
    }
  }

  /** A problem for the log: never the content of a file. */
  #problemOf(name: LiveName, { issues }: z.ZodError): string {
    const file = this.#options.files[name] ?? this.#options.texts[name] ?? '';
    const why = issues.map(({ code, message }) =>
      code === 'invalid_type' ? 'expected a readable file that is not empty' : message,
    );
    return `${name} in ${JSON.stringify(file)} stays as it was: ${why.join(', ')}`;
  }
}

/** The secret in a file. @throws the file system's error. */
export function readSecret(file: string): string {
  return readFileSync(file, 'utf8').trim();
}
