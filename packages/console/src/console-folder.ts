import { fileURLToPath } from 'node:url';

/** Where the built page lies. */
export const CONSOLE_FOLDER = fileURLToPath(new URL('../dist', import.meta.url));
