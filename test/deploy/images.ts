import { readFromRoot } from '@route/fixtures';
import { runProgram } from './run-program.ts';

const PULL_DEADLINE_MS = 180_000;

/** An image that docker-compose.yml names by a variable with the pinned tag as its default. */
export interface PinnedImage {
  /** `redis`, `prom/prometheus`. */
  readonly name: string;
  /** The variable by which another tag is given. */
  readonly variable: string;
  readonly tag: string;
}

/** The images pinned by docker-compose.yml, except Grafana, which the tests do not use. */
function pinnedImages(): PinnedImage[] {
  const text = readFromRoot('docker-compose.yml');
  const lines = text.matchAll(/^ +image: (\S+):\$\{([A-Z_]+_TAG):-(\S+)\}$/gm);
  const all = Array.from(lines, ([, name = '', variable = '', tag = '']) => ({
    name,
    variable,
    tag,
  }));
  return all.filter(({ name }) => name !== 'grafana/grafana');
}

/**
 * The tags under which this machine has the pinned images, by variable: the pinned ones, or where
 * those cannot be had, the next best that is here (`redis:7.0-alpine` for `redis:7.0.15-alpine`).
 * @throws Error naming the image that there is none of.
 */
export async function imageTags(): Promise<Record<string, string>> {
  const tags: Record<string, string> = {};
  for (const image of pinnedImages()) tags[image.variable] = await presentTag(image);
  return tags;
}

/** A pinned image by the name and tag that this machine has it under. */
export async function imageOf(name: string): Promise<string> {
  const image = pinnedImages().find((pinned) => pinned.name === name);
  if (image === undefined) throw new Error(`docker-compose.yml pins no image ${name}`);
  return `${name}:${await presentTag(image)}`;
}

async function presentTag({ name, tag }: PinnedImage): Promise<string> {
  const series = [
    tag,
    tag.replace(/^(v?\d+\.\d+)\.\d+/, '$1'),
    tag.replace(/^(v?\d+)[.\d]*/, '$1'),
  ];
  for (const candidate of series) {
    if (await isPresent(`${name}:${candidate}`)) return candidate;
  }
  await runProgram('docker', ['pull', '--quiet', `${name}:${tag}`], {
    timeoutMs: PULL_DEADLINE_MS,
  });
  return tag;
}

function isPresent(image: string): Promise<boolean> {
  return runProgram('docker', ['image', 'inspect', image]).then(
    () => true,
    () => false,
  );
}
