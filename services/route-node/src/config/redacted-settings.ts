import { addressText } from './address.ts';
import { settingText } from './setting.ts';
import { SETTING_NAMES, SETTINGS, type Settings } from './settings-schema.ts';

/**
 * All settings as texts that may be shown publicly: secrets and file contents only as given or not.
 */
export function redactedSettings(settings: Settings): Record<string, string> {
  return Object.fromEntries(
    SETTING_NAMES.map((name) => {
      const value: unknown = settings[name];
      if (settingText(SETTINGS[name]).secret) return [name, value === '' ? '' : '(not shown)'];
      return [name, shown(value)];
    }),
  );
}

function shown(value: unknown): string {
  if (value === undefined) return '';
  if (Array.isArray(value)) return value.map(shown).join(',');
  if (value instanceof Map) {
    return [...value].map(([name, one]) => `${String(name)}=${shown(one)}`).join(',');
  }
  if (typeof value === 'object' && value !== null && 'host' in value && 'port' in value) {
    return addressText({ host: String(value.host), port: Number(value.port) });
  }
  if (typeof value === 'object' && value !== null && 'address' in value && 'prefix' in value) {
    return `${String(value.address)}/${String(value.prefix)}`;
  }
  const text = String(value);
  return text.includes('-----BEGIN ') ? '(a file)' : text;
}
