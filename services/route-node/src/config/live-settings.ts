import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { SETTINGS, type SettingName, type Settings } from './settings-schema.ts';

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
    const texts = Object.fromEntries(LIVE_NAMES.map((name) => [name, this.#textOf(name)]));
    const last = this.#current;
    const read = z
      .object({
        REDIS_URL: SETTINGS.REDIS_URL.schema.catch(this.#keep('REDIS_URL', last.REDIS_URL)),
        REDIS_PASSWORD: SETTINGS.REDIS_PASSWORD.schema.catch(
          this.#keep('REDIS_PASSWORD', last.REDIS_PASSWORD),
        ),
        REDIS_SENTINEL_PASSWORD: SETTINGS.REDIS_SENTINEL_PASSWORD.schema.catch(
          this.#keep('REDIS_SENTINEL_PASSWORD', last.REDIS_SENTINEL_PASSWORD),
        ),
        REDIS_TLS_CA: SETTINGS.REDIS_TLS_CA.schema.catch(
          this.#keep('REDIS_TLS_CA', last.REDIS_TLS_CA),
        ),
        REDIS_TLS_CERT: SETTINGS.REDIS_TLS_CERT.schema.catch(
          this.#keep('REDIS_TLS_CERT', last.REDIS_TLS_CERT),
        ),
        REDIS_TLS_KEY: SETTINGS.REDIS_TLS_KEY.schema.catch(
          this.#keep('REDIS_TLS_KEY', last.REDIS_TLS_KEY),
        ),
        ROUTE_ADMIN_TOKEN: SETTINGS.ROUTE_ADMIN_TOKEN.schema.catch(
          this.#keep('ROUTE_ADMIN_TOKEN', last.ROUTE_ADMIN_TOKEN),
        ),
      })
      .parse(texts);
    this.#current = Object.freeze({ ...last, ...read });
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

  /** The value that stays in force, and a problem for the log: never the content of a file. */
  #keep<T>(
    name: LiveName,
    last: T,
  ): (failed: { readonly error: z.core.$ZodCatchCtx['error'] }) => T {
    return ({ error }) => {
      const file = this.#options.files[name] ?? this.#options.texts[name] ?? '';
      const why = error.issues.map(({ code, message }) =>
        code === 'invalid_type' ? 'expected a readable file that is not empty' : message,
      );
      this.#problems.push(`${name} in ${JSON.stringify(file)} stays as it was: ${why.join(', ')}`);
      return last;
    };
  }
}

/** The secret in a file. @throws the file system's error. */
export function readSecret(file: string): string {
  return readFileSync(file, 'utf8').trim();
}
