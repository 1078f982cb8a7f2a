import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { extname, join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder of the built page. */
export const CONSOLE_FOLDER: string = fileURLToPath(new URL('../dist', import.meta.url));

/** The inputs of the build, relative to the project's folder. */
export const BUILD_COMMAND = 'npm run build';

/** One file of the page, held in memory. */
export interface ConsoleFile {
  /** As a browser asks for it, `/` for the page itself. */
  readonly path: string;
  readonly contentType: string;
  /** A strong validator, quotes included. */
  readonly etag: string;
  /** Whether its name changes with its content, so that a browser may keep it for good. */
  readonly immutable: boolean;
  readonly body: Buffer;
}

const CONTENT_TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/** The files of the built page; none when it has not been built. */
export function readConsole(folder = CONSOLE_FOLDER): ConsoleFile[] {
  return namesIn(folder)
    .filter((name) => CONTENT_TYPES[extname(name)] !== undefined)
    .map((name) => {
      const body = readFileSync(join(folder, name));
      const path = `/${name.split(sep).join('/')}`;
      return {
        path: path === '/index.html' ? '/' : path,
        contentType: CONTENT_TYPES[extname(name)] ?? '',
        etag: `"${createHash('sha256').update(body).digest('base64url')}"`,
        immutable: path.startsWith('/assets/'),
        body,
      };
    });
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder, { recursive: true, encoding: 'utf8' });
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw error;
  }
}
