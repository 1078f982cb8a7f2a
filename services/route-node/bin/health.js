// Asks the node in this container for /healthz or /readyz; exit status 0 when it answers 200. By plain
// http: a health check is run again and again, and fetch takes longer to load than to answer.
import { get } from 'node:http';

const [path = '/healthz'] = process.argv.slice(2);
const port = /:(\d+)$/.exec(process.env['ROUTE_ADMIN_LISTEN'] ?? '')?.[1] ?? '9200';

function fail(problem) {
  console.error(problem);
  process.exitCode = 1;
}

get({ host: '127.0.0.1', port, path, agent: false }, (answer) => {
  answer.setEncoding('utf8').resume();
  if (answer.statusCode === 200) return;
  let body = '';
  answer.on('data', (text) => {
    body += text;
  });
  answer.on('end', () => fail(`${answer.statusCode} ${body.trim()}`));
}).on('error', (error) => fail(error.message));
