import type { z } from 'zod';

/** The description of a setting for its users. */
export interface SettingText {
  /** The default as a user writes it. */
  readonly default: string;
  readonly meaning: string;
  /** The reason for the default, or when to use another value. */
  readonly reason?: string;
  readonly example?: string;
  /** Never shown; may also be given as the name of a file, in NAME_FILE. */
  readonly secret?: true;
}

const TEXTS = new WeakMap<z.ZodType, SettingText>();

/** A setting: the schema of its value, whose description names the accepted values, and its text. */
export function setting<Schema extends z.ZodType>(schema: Schema, text: SettingText): Schema {
  const own = schema.clone();
  TEXTS.set(own, text);
  return own;
}

/** The text of a setting. @throws Error when the schema was made without {@link setting}. */
export function settingText(schema: z.ZodType): SettingText {
  const text = TEXTS.get(schema);
  if (text === undefined) throw new Error('a setting has no text: expected setting(schema, text)');
  return text;
}
