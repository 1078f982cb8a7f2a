import { z } from 'zod';
import { ADMIN_SETTINGS } from './settings/admin-settings.ts';
import { ADMISSION_SETTINGS } from './settings/admission-settings.ts';
import { BUS_SETTINGS } from './settings/bus-settings.ts';
import { LINK_SETTINGS } from './settings/link-settings.ts';
import { NODE_SETTINGS } from './settings/node-settings.ts';
import { PRESENCE_SETTINGS } from './settings/presence-settings.ts';
import { REDIS_SETTINGS } from './settings/redis-settings.ts';

export type { Address } from './address.ts';

/** All settings by their names in the environment. Flags: the same in lower case with dashes. */
export const settingsSchema = z.object({
  ...NODE_SETTINGS,
  ...ADMIN_SETTINGS,
  ...REDIS_SETTINGS,
  ...ADMISSION_SETTINGS,
  ...LINK_SETTINGS,
  ...PRESENCE_SETTINGS,
  ...BUS_SETTINGS,
});

/** All settings as they are used: read once at start, never changed. */
export type Settings = Readonly<z.output<typeof settingsSchema>>;

export type SettingName = keyof Settings;

/** The schema of each setting; `settingText` has its description. */
export const SETTINGS = settingsSchema.shape;

/** The settings' names, in the order in which help lists them. */
export const SETTING_NAMES = Object.keys(SETTINGS).filter(
  (name): name is SettingName => name in SETTINGS,
);

/** The settings by topic, as docs/settings.md lists them. */
export const SETTING_TOPICS: readonly (readonly [string, Readonly<Record<string, z.ZodType>>])[] = [
  ['The node', NODE_SETTINGS],
  ['Admin port', ADMIN_SETTINGS],
  ['Redis', REDIS_SETTINGS],
  ['Admission of links', ADMISSION_SETTINGS],
  ['Links', LINK_SETTINGS],
  ['Presence', PRESENCE_SETTINGS],
  ['Delivery and bus', BUS_SETTINGS],
];
