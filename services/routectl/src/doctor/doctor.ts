import { errorText, type RedisTarget } from '@route/redis';
import { CommandError, EXIT, type ExitCode } from '../exit-codes.ts';
import { showJson } from '../output.ts';
import type { Session } from '../session.ts';
import { visible } from '../visible.ts';
import { type ExaminedNode, type ExaminedRedis, examineNode, examineRedis } from './examine.ts';
import type { Finding } from './finding.ts';
import { checkNodes } from './node-checks.ts';
import { checkRedis } from './redis-checks.ts';

const DEFAULT_REDIS: RedisTarget = { kind: 'single', url: 'redis://127.0.0.1:6379' };

/** Data read from Redis, or why it was not read. */
type Redis = { readonly examined: ExaminedRedis } | { readonly unknown: Finding };

/** Collects all data and returns the findings. */
export async function doctor(session: Session): Promise<ExitCode> {
  const examined = await Promise.all((await session.findLive()).map(examineNode));
  const redis = await lookAtRedis(session, examined);
  const findings =
    'examined' in redis
      ? [...checkNodes(examined, redis.examined.clock), ...checkRedis(redis.examined, examined)]
      : [...checkNodes(examined, undefined), redis.unknown];
  const { output } = session;
  if (output.json) showJson(output, { findings });
  else output.write(findings.map(textOf).join(''));
  return findings.some(({ level }) => level === 'wrong' || level === 'warning')
    ? EXIT.wrong
    : EXIT.ok;
}

async function lookAtRedis(session: Session, nodes: readonly ExaminedNode[]): Promise<Redis> {
  const views = nodes.flatMap(({ answer }) =>
    answer.kind === 'answered' ? [answer.value.view] : [],
  );
  if (views.length > 0 && views.every(({ engine }) => engine === 'memory')) {
    return { unknown: { level: 'ok', subject: 'redis', says: 'none: a node alone' } };
  }
  const namespace = views[0]?.namespace ?? session.namespace;
  const given = session.redisTarget;
  try {
    await using redis = await session.openRedis(given ?? DEFAULT_REDIS, namespace);
    const examined = await examineRedis(redis);
    const known = examined.directory.entries.some(({ node }) =>
      nodes.some((other) => other.known.node === node),
    );
    if (known) return { examined };
    return { unknown: notLookedAt(`no node of this cluster is known to it in ${namespace}`) };
  } catch (error) {
    if (given !== undefined && error instanceof CommandError) throw error;
    const reason = errorText(error);
    return { unknown: notLookedAt(reason) };
  }
}

function notLookedAt(why: string): Finding {
  return {
    level: 'unknown',
    subject: 'redis',
    says: `not looked at: ${why}`,
    todo: 'say which it is with --redis or REDIS_URL',
  };
}

/** Formats one finding: level, text, and on the next line the advice. */
function textOf({ level, subject, says, todo }: Finding): string {
  const head = level === 'ok' || level === 'unknown' ? level : level.toUpperCase();
  const line = `${head.padEnd(8)} ${subject.padEnd(12)} ${visible(says)}\n`;
  return todo === undefined ? line : `${line}${' '.repeat(22)}→ ${visible(todo)}\n`;
}
