import { BUILD_COMMAND, type ConsoleFile } from '@route/console';
import { ApiError } from './http/api-error.ts';
import type { Answer, ApiRequest, Route } from './http/route.ts';

/**
 * The page may load from and talk to the node that serves it, and nothing else; no page may frame
 * it.
 */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const PAGE_HEADERS = {
  'content-security-policy': POLICY,
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
} as const;

const NOT_BUILT = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Console not built</title>
<h1>The console of this node is not built</h1>
<p>The node itself works, and so does the rest of its admin port. To have the console, run in the
project’s folder
<pre>${BUILD_COMMAND}</pre>
<p>and start the node again.
</html>
`;

/** The console: a page and its files. */
export function consoleRoutes(files: readonly ConsoleFile[]): Route[] {
  if (files.length === 0) {
    const contentType = 'text/html; charset=utf-8';
    const body = Buffer.from(NOT_BUILT);
    const headers = { ...PAGE_HEADERS, 'content-type': contentType };
    return [
      { method: 'GET', path: '/', handle: () => ({ kind: 'file', status: 503, headers, body }) },
    ];
  }
  const byPath = new Map(files.map((file) => [file.path, file]));
  function answer(path: string, request: ApiRequest): Answer {
    const file = byPath.get(path);
    if (file !== undefined) return fileAnswer(file, request);
    const names = [...byPath.keys()].join(', ');
    throw new ApiError('not-found', `path is ${path}: expected one of ${names}`);
  }
  return [
    { method: 'GET', path: '/', handle: (request) => answer('/', request) },
    {
      method: 'GET',
      path: '/assets/:file',
      handle: (request) => answer(`/assets/${request.params['file']}`, request),
    },
  ];
}

function fileAnswer(file: ConsoleFile, request: ApiRequest): Answer {
  const { contentType, etag, immutable, body } = file;
  const headers = {
    ...PAGE_HEADERS,
    etag,
    'cache-control': immutable ? 'public, max-age=31536000, immutable' : 'no-cache',
  };
  if (hasAlready(request.headers['if-none-match'], etag)) {
    return { kind: 'file', status: 304, headers, body: undefined };
  }
  return { kind: 'file', status: 200, headers: { ...headers, 'content-type': contentType }, body };
}

function hasAlready(given: string | string[] | undefined, etag: string): boolean {
  const tags = String(given ?? '').split(',');
  return tags.some((tag) => [etag, `W/${etag}`, '*'].includes(tag.trim()));
}
