import { SETTING_NAMES, SETTINGS } from './settings-schema.ts';

/** The reference of all settings, in Markdown; docs/settings.md is this text. */
export function settingsReference(): string {
  const sections = SETTING_NAMES.map((name) => {
    const { meaning, default: fallback } = SETTINGS[name];
    const value = fallback === '' ? 'none' : `\`${fallback}\``;
    return `### ${name}\n\n${meaning}\n\nDefault: ${value}\n`;
  });
  return [
    '# Settings of a route node\n',
    'From the environment; a flag of the same name in lower case with dashes (`--route-listen`) overrides, except for',
    'secrets, which flags would show in the process list. All are read and checked once, at the start: every value that cannot',
    'be used is named at once, with what was expected.\n',
    'This page is written by `npm run docs:settings` from `services/route-node/src/config/settings-schema.ts`.\n',
    ...sections,
  ].join('\n');
}
