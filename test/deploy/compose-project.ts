import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ROOT } from '@route/fixtures';
import type { LinkTarget, LogLine, NodeEnv } from '../harness/index.ts';
import { parseLine } from '../harness/log-lines.ts';
import { imageTags } from './images.ts';
import { type RunOptions, runProgram } from './run-program.ts';
import { shortenedMonitoring } from './short-monitoring.ts';

const UP_DEADLINE_MS = 120_000;
const NAME = 'route-test';
const REPOSITORY = 'route-cluster/route-node';

/** The state to wait for. */
export const CLUSTER = ['redis', 'route-node', 'haproxy'] as const;

/** Grafana's image cannot be had everywhere; its dashboard's queries are tested without it. */
const SERVICES = [...CLUSTER, 'prometheus'] as const;

export interface UpOptions {
  /** How many route nodes. */
  readonly nodes: number;
  /** Their settings, beside those of docker-compose.yml. */
  readonly env?: NodeEnv;
  /** All but Grafana by default. */
  readonly services?: readonly string[];
}

/** A container of a project. */
export interface Container {
  readonly id: string;
  /** Its address on the project's network, with which Prometheus names the node. */
  readonly address: string;
}

/**
 * docker-compose.yml brought up under a name of its own, on free ports, with an image of its own.
 * At the end of its scope all of it is removed.
 */
export class ComposeProject implements AsyncDisposable {
  readonly name: string;
  readonly image: string;
  readonly #folder: string;
  readonly #tags: Record<string, string>;
  #links: LinkTarget | undefined;
  #scale: readonly string[] = [];

  private constructor(name: string, folder: string, tags: Record<string, string>) {
    this.name = name;
    this.image = `${REPOSITORY}:${name}`;
    this.#folder = folder;
    this.#tags = tags;
  }

  /** Removes leftovers of killed runs, and prepares; nothing is started. */
  static async create(): Promise<ComposeProject> {
    await sweepProjects();
    const folder = await mkdtemp(join(tmpdir(), 'route-compose-'));
    const name = `${NAME}-${process.pid}-${Math.random().toString(36).slice(2, 8)}`;
    await shortenedMonitoring(join(folder, 'prometheus'));
    return new ComposeProject(name, folder, await imageTags());
  }

  /** Where msg_servers connect: HAProxy. */
  get links(): LinkTarget {
    if (this.#links === undefined) throw new Error('the project is not up yet');
    return this.#links;
  }

  /** `http://host:port`, without a slash at the end. */
  async prometheusUrl(): Promise<string> {
    return `http://127.0.0.1:${await this.#publishedPort('prometheus', 9090)}`;
  }

  /** Builds the image from this tree. */
  async build(): Promise<void> {
    await this.compose(['build', '--quiet', 'route-node'], { timeoutMs: UP_DEADLINE_MS });
  }

  /**
   * Starts services, or changes their settings or number of nodes; unchanged services keep running.
   * Resolves when all are healthy.
   */
  async up({ nodes, env = {}, services = SERVICES }: UpOptions): Promise<void> {
    await this.#writeOverride(env);
    this.#scale = ['--scale', `route-node=${nodes}`];
    await this.#bringUp(services);
    this.#links = { host: '127.0.0.1', port: await this.#publishedPort('haproxy', 8200) };
  }

  /** The running containers of the nodes. */
  async nodes(): Promise<Container[]> {
    const ids = (await this.compose(['ps', '--quiet', 'route-node'])).split('\n').filter(Boolean);
    if (ids.length === 0) return [];
    const format = '{{.Id}} {{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}';
    const lines = await runProgram('docker', ['inspect', '--format', format, ...ids]);
    return lines
      .trim()
      .split('\n')
      .map((line) => line.split(' '))
      .map(([id = '', address = '']) => ({ id, address }));
  }

  /** Replaces a node's container as in docs/operations.md; resolves when all nodes are ready. */
  async replaceNode({ id }: Container): Promise<void> {
    await runProgram('docker', ['stop', '--time', '60', id], { timeoutMs: 90_000 });
    const exit = await runProgram('docker', ['inspect', '--format', '{{.State.ExitCode}}', id]);
    if (exit.trim() !== '0') throw new Error(`node ${id} ended with status ${exit.trim()}`);
    await runProgram('docker', ['rm', id]);
    await this.#bringUp(['--no-recreate', 'route-node']);
  }

  /** Reloads HAProxy's configuration: new processes accept new links, the old ones keep theirs. */
  async reloadBalancer(): Promise<void> {
    await this.compose(['kill', '--signal', 'USR2', 'haproxy']);
  }

  /** A node's log so far. */
  async logLines({ id }: Container): Promise<LogLine[]> {
    const text = await runProgram('docker', ['logs', id]);
    return text.split('\n').flatMap((line) => parseLine(line) ?? []);
  }

  /** The address of this machine on the project's network. */
  async gateway(): Promise<string> {
    const format = '{{range .IPAM.Config}}{{.Gateway}}{{end}}';
    const inspect = ['network', 'inspect', '--format', format, `${this.name}_default`];
    return (await runProgram('docker', inspect)).trim();
  }

  /** The last lines of all logs. */
  async logs(): Promise<string> {
    return await this.compose(['logs', '--no-color', '--tail', '40']);
  }

  /** Runs docker compose on this project. */
  async compose(args: readonly string[], options: RunOptions = {}): Promise<string> {
    const files = ['-f', `${ROOT}docker-compose.yml`, '-f', join(this.#folder, 'override.json')];
    if (args[0] === 'build') files.splice(2);
    const project = ['compose', '-p', this.name, '--project-directory', ROOT, ...files];
    const env = {
      ...this.#tags,
      ROUTE_NODE_IMAGE: this.image,
      ROUTE_PORT: '0',
      HAPROXY_STATUS_PORT: '0',
      PROMETHEUS_PORT: '0',
    };
    return await runProgram('docker', [...project, ...args], { ...options, env });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await removeProject(this.name);
    await runProgram('docker', ['image', 'rm', '--force', this.image]);
    await rm(this.#folder, { recursive: true, force: true });
  }

  async #bringUp(servicesAndFlags: readonly string[]): Promise<void> {
    const args = ['up', '--detach', '--wait', '--wait-timeout', String(UP_DEADLINE_MS / 1000)];
    await this.compose([...args, '--no-build', ...this.#scale, ...servicesAndFlags], {
      timeoutMs: UP_DEADLINE_MS + 10_000,
    });
  }

  async #publishedPort(service: string, port: number): Promise<number> {
    const address = await this.compose(['port', service, String(port)]);
    return Number(/:(\d+)\s*$/.exec(address)?.[1]);
  }

  async #writeOverride(env: NodeEnv): Promise<void> {
    const override = {
      services: {
        'route-node': { environment: env },
        prometheus: { volumes: [`${join(this.#folder, 'prometheus')}:/etc/prometheus:ro`] },
      },
    };
    await writeFile(join(this.#folder, 'override.json'), JSON.stringify(override));
  }
}

/** Removes leftovers of test processes that have exited. */
async function sweepProjects(): Promise<void> {
  const filter = ['--filter', `name=${NAME}-`];
  const projects = await runProgram('docker', ['compose', 'ls', '--all', '--quiet', ...filter]);
  const tags = await runProgram('docker', ['images', '--format', '{{.Tag}}', REPOSITORY]);
  for (const name of new Set(`${projects}\n${tags}`.split('\n'))) {
    const pid = new RegExp(`^${NAME}-(\\d+)-`).exec(name)?.[1];
    if (pid === undefined || isAlive(Number(pid))) continue;
    await removeProject(name);
    await runProgram('docker', ['image', 'rm', '--force', `${REPOSITORY}:${name}`]);
  }
}

async function removeProject(name: string): Promise<void> {
  const down = ['down', '--volumes', '--remove-orphans', '--timeout', '0'];
  await runProgram('docker', ['compose', '-p', name, ...down], { timeoutMs: UP_DEADLINE_MS });
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it lives, as another user's.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
