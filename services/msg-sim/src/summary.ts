import { clockText, latencyText, many, msText } from './numbers.ts';
import { allHold, type CheckLine, type Picture } from './view.ts';

/** The final summary as text. */
export function renderSummary(picture: Picture): string {
  const { counts, overall, checks, cutOff, servers, users, elapsedSeconds, delivery } = picture;
  const most = overall.relay === undefined ? '' : `   most ${msText(overall.relay.most)}`;
  const failed = checks.filter(({ holds }) => !holds).length;
  const verdict = allHold(picture)
    ? 'All checks passed.'
    : `${failed} of ${checks.length} checks FAILED.`;
  return [
    '',
    `${many(users.all)} users on ${servers.all} msg_servers for ${clockText(elapsedSeconds)}, delivery ${delivery}`,
    `  sent      ${many(counts.sent)} PDUs to be relayed, received ${many(counts.received)}`,
    `  presence  ${many(counts.reports)} reports, ${many(counts.notifications)} notifications, ${many(counts.kicks)} kicks, ${many(counts.queries)} queries`,
    `  relay     ${latencyText(overall.relay)}${most}`,
    `  query     ${latencyText(overall.query)}`,
    ...(counts.suppressed > 0
      ? [`  unsent    ${many(counts.suppressed)} PDUs, without a link or room to send`]
      : []),
    ...(cutOff > 0
      ? [`  cut off   ${many(cutOff)} deliveries were lost with a link, which is allowed`]
      : []),
    '',
    ...checks.map(checkText),
    '',
    verdict,
    '',
  ].join('\n');
}

/** One check as text. */
export function checkText({ name, holds, detail }: CheckLine): string {
  return `  ${holds ? 'ok  ' : 'FAIL'}  ${name.padEnd(25)} ${detail}`;
}
