import type { DeliveryTotals } from './delivery-check.ts';
import { many } from './numbers.ts';
import type { PresenceFigures } from './presence-check.ts';
import type { CheckLine } from './view.ts';

/** State after all activity has stopped. */
export interface Ending {
  /** Users whose presence differs from the model; undefined without an answer. */
  readonly differences: number | undefined;
  /** How long presence took to become exact, or the time waited for it. */
  readonly seconds: number;
}

/** Results of all checks. */
export interface Findings {
  readonly totals: DeliveryTotals;
  readonly presence: PresenceFigures;
  readonly kicks: { readonly dropped: number; readonly lost: number };
  readonly unreadable: number;
  readonly servers: { readonly linked: number; readonly all: number };
  /** undefined while running. */
  readonly ending: Ending | undefined;
}

/** All checks as text. The last two are known only at the end. */
export function verdictLines(findings: Findings): CheckLine[] {
  const { totals, presence, kicks, ending } = findings;
  const lost = totals.lost + (ending === undefined ? 0 : totals.awaited);
  const lines = [
    line('nothing lost', lost, `${many(totals.delivered)} deliveries, ${many(lost)} lost`),
    line('nothing doubled', totals.doubled, `${many(totals.doubled)} arrived twice`),
    line('everything in order', totals.outOfOrder, orderText(totals)),
    line(
      'nothing misdelivered',
      totals.unexpected + findings.unreadable,
      `${many(totals.unexpected)} to the wrong place, ${many(findings.unreadable)} unreadable${besidesText(totals)}`,
    ),
    line(
      'presence right',
      presence.wrong,
      `${many(presence.compared)} compared, ${many(presence.wrong)} wrong, ${many(presence.late)} late`,
    ),
    line(
      'notifications right',
      presence.notificationsWrong,
      `${many(presence.notificationsCompared)} last notifications compared, ${many(presence.notificationsWrong)} wrong`,
    ),
    line(
      'old clients kicked',
      kicks.lost,
      `${many(kicks.dropped)} dropped, ${many(kicks.lost)} stayed`,
    ),
    line(
      'queries answered',
      presence.unanswered,
      presence.unanswered === 0 ? 'all' : `${many(presence.unanswered)} without an answer`,
    ),
  ];
  return ending === undefined ? lines : [...lines, ...endLines(findings, ending)];
}

function endLines({ servers }: Findings, { differences, seconds }: Ending): CheckLine[] {
  const missing = servers.all - servers.linked;
  const exactness =
    differences === undefined
      ? 'no msg_server answered'
      : differences === 0
        ? `every user, ${seconds.toFixed(1)} s after the last change`
        : `${many(differences)} users differ ${seconds.toFixed(0)} s after the last change`;
  return [
    line('all linked at the end', missing, `${servers.linked} of ${servers.all} msg_servers`),
    line('presence exact at the end', differences ?? 1, exactness),
  ];
}

function orderText({ outOfOrder, caughtUp }: DeliveryTotals): string {
  const late = `${many(outOfOrder)} arrived late`;
  return caughtUp === 0 ? late : `${late}, ${many(caughtUp)} caught up after a login`;
}

function besidesText({ besides }: DeliveryTotals): string {
  return besides === 0 ? '' : `, ${many(besides)} extra`;
}

function line(name: string, wrong: number, detail: string): CheckLine {
  return { name, holds: wrong === 0, detail };
}
