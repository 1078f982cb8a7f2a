// Asks the node in this container for /healthz or /readyz; exit status 0 when it answers 200.
const [path = '/healthz'] = process.argv.slice(2);
const port = /:(\d+)$/.exec(process.env['ROUTE_ADMIN_LISTEN'] ?? '')?.[1] ?? '9200';

const problem = await fetch(`http://127.0.0.1:${port}${path}`).then(
  async (answer) => (answer.ok ? undefined : await answer.text()),
  (error) => `${error.message}: ${error.cause?.message ?? 'no cause given'}`,
);
if (problem !== undefined) {
  console.error(problem.trim());
  process.exitCode = 1;
}
