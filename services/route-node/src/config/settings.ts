import { parseArgs } from 'node:util';
import { MOST_ADDED_CLIENT_TYPES } from '@route/protocol';
import { errorText } from '@route/redis';
import { tlsConflicts } from '../admission/link-tls.ts';
import { LiveSettings, readSecret } from './live-settings.ts';
import { redisConflicts } from './redis-target.ts';
import { settingText } from './setting.ts';
import {
  SETTING_NAMES,
  SETTINGS,
  type SettingName,
  type Settings,
  settingsSchema,
} from './settings-schema.ts';

export type { Address, Settings } from './settings-schema.ts';

/** Invalid settings; the message names every one, the given and the allowed value. */
export class SettingsError extends Error {
  override readonly name = 'SettingsError';
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(`settings that cannot be used:\n${problems.map((problem) => `  ${problem}`).join('\n')}`);
    this.problems = problems;
  }
}

/** The parsed command line. */
export type Invocation =
  | { readonly kind: 'help' }
  | { readonly kind: 'run'; readonly settings: Settings; readonly live: LiveSettings };

/**
 * Reads flags and environment; flags win.
 * @throws SettingsError naming every problem at once.
 */
export function readSettings(
  argv: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): Invocation {
  const problems: string[] = [];
  const flags = readFlags(argv, problems);
  if (flags['help'] === true) return { kind: 'help' };

  const texts: Partial<Record<SettingName, string>> = {};
  const files: Partial<Record<SettingName, string>> = {};
  for (const name of SETTING_NAMES) {
    const flag = flags[flagOf(name)];
    if (flag !== undefined && isSecret(name)) {
      // The value is in the process list by now; it is not repeated here.
      problems.push(
        `--${flagOf(name)} is given: expected no flag for a secret, since flags show in the process ` +
          `list; set ${name} in the environment, or name a file with it in ${name}_FILE`,
      );
      texts[name] = settingText(SETTINGS[name]).default;
      continue;
    }
    const given =
      typeof flag === 'string' ? flag : fromEnvironment(name, environment, { files, problems });
    texts[name] = given ?? settingText(SETTINGS[name]).default;
  }
  const parsed = settingsSchema.safeParse(texts);
  if (!parsed.success) {
    for (const issue of parsed.error.issues) {
      const name = SETTING_NAMES.find((known) => known === issue.path[0]);
      if (name === undefined) continue;
      const shown = isSecret(name) ? '(not shown)' : JSON.stringify(texts[name]);
      problems.push(`${name} is ${shown}: ${issue.message}`);
    }
  } else {
    problems.push(...conflicts(parsed.data));
  }
  if (problems.length > 0 || !parsed.success) throw new SettingsError(problems);
  const settings = Object.freeze(parsed.data);
  return { kind: 'run', settings, live: new LiveSettings({ settings, texts, files }) };
}

/** The text that --help prints. */
export function helpText(): string {
  const lines = SETTING_NAMES.map((name) => {
    const schema = SETTINGS[name];
    const { meaning, default: fallback } = settingText(schema);
    const flag = isSecret(name) ? `no flag, but ${name}_FILE` : `--${flagOf(name)}`;
    const value = `${schema.description}; default: ${fallback === '' ? 'none' : fallback}`;
    return `  ${name}  (${flag})\n      ${meaning}\n      ${value}`;
  });
  return [
    'route-node: one node of a route cluster; msg_servers connect to it as to a route_server.',
    '',
    'Usage: npx route-node [--NAME VALUE ...]',
    '',
    'Settings are read from the environment; a flag of the same name overrides. Secrets have no flags.',
    '',
    ...lines,
    '',
    'Examples:',
    '  npx route-node                                    one node, with the Redis on this machine',
    '  ROUTE_ENGINE=memory npx route-node                one node alone, without Redis',
    '  npx route-node --route-listen 0.0.0.0:8201 --route-admin-listen 127.0.0.1:9201',
    '                                                    a second node beside the first',
    '',
  ].join('\n');
}

function isSecret(name: SettingName): boolean {
  return settingText(SETTINGS[name]).secret === true;
}

/** The flag of a setting: ROUTE_LISTEN is --route-listen. */
function flagOf(name: string): string {
  return name.toLowerCase().replaceAll('_', '-');
}

function readFlags(argv: readonly string[], problems: string[]): Record<string, unknown> {
  const options = Object.fromEntries([
    ...SETTING_NAMES.map((name) => [flagOf(name), { type: 'string' as const }] as const),
    ['help', { type: 'boolean' as const, short: 'h' }] as const,
  ]);
  // Flags may also be spelled as the setting is: --ROUTE_LISTEN.
  const args = argv.map((arg) =>
    arg.replace(/^--([A-Z_]+)/, (_, name: string) => `--${flagOf(name)}`),
  );
  try {
    return parseArgs({ args, options, strict: true, allowPositionals: false }).values;
  } catch (error) {
    problems.push(`${errorText(error)} (see --help)`);
    return {};
  }
}

function fromEnvironment(
  name: SettingName,
  environment: Readonly<Record<string, string | undefined>>,
  noted: { readonly files: Partial<Record<SettingName, string>>; readonly problems: string[] },
): string | undefined {
  const value = environment[name];
  if (value !== undefined && value !== '') return value;
  const file = isSecret(name) ? environment[`${name}_FILE`] : undefined;
  if (file === undefined || file === '') return undefined;
  noted.files[name] = file;
  try {
    return readSecret(file);
  } catch (error) {
    noted.problems.push(
      `${name}_FILE is ${JSON.stringify(file)}: expected a readable file (${errorText(error)})`,
    );
    return undefined;
  }
}

function conflicts(settings: Settings): string[] {
  const problems = [...redisConflicts(settings), ...tlsConflicts(settings)];
  const { ROUTE_HEARTBEAT_SECONDS: heartbeat, ROUTE_LINK_TIMEOUT_SECONDS: timeout } = settings;
  if (heartbeat >= timeout) {
    problems.push(
      `ROUTE_HEARTBEAT_SECONDS is ${heartbeat}: expected less than ROUTE_LINK_TIMEOUT_SECONDS, ${timeout}`,
    );
  }
  const { ROUTE_ISOLATED_SECONDS: isolated, ROUTE_BUS_RETENTION_SECONDS: retention } = settings;
  if (isolated >= retention) {
    problems.push(
      `ROUTE_ISOLATED_SECONDS is ${isolated}: expected less than ROUTE_BUS_RETENTION_SECONDS, ${retention}`,
    );
  }
  const { ROUTE_CLIENT_TYPES_PC: pcTypes, ROUTE_CLIENT_TYPES_MOBILE: mobileTypes } = settings;
  const both = pcTypes.filter((type) => mobileTypes.includes(type));
  if (both.length > 0) {
    problems.push(
      `ROUTE_CLIENT_TYPES_PC and _MOBILE both have ${both.join()}: expected each in one of them`,
    );
  }
  if (pcTypes.length + mobileTypes.length > MOST_ADDED_CLIENT_TYPES) {
    problems.push(
      `ROUTE_CLIENT_TYPES_PC and _MOBILE have ${pcTypes.length + mobileTypes.length} types: ` +
        `expected at most ${MOST_ADDED_CLIENT_TYPES}`,
    );
  }
  const limit = settings.ROUTE_LINK_QUEUE_MAX_BYTES;
  // Less, and a single PDU could end a link that reads well.
  const least = settings.ROUTE_LINK_HIGH_WATER_MARK_BYTES + settings.ROUTE_MAX_PDU_BYTES;
  if (limit < least) {
    problems.push(
      `ROUTE_LINK_QUEUE_MAX_BYTES is ${limit}: expected at least ${least}, ` +
        'the sum of ROUTE_LINK_HIGH_WATER_MARK_BYTES and ROUTE_MAX_PDU_BYTES',
    );
  }
  return problems;
}
