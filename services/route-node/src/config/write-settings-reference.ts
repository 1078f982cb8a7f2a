import { writeFileSync } from 'node:fs';
import { settingsReference } from './settings-reference.ts';

writeFileSync(new URL('../../../../docs/settings.md', import.meta.url), settingsReference());
