import type { DeliveryTotals } from './delivery-check.ts';
import type { CheckLine } from './picture.ts';
import type { PresenceFigures } from './presence-check.ts';

/** How things were when everybody had come to rest. */
export interface Ending {
  /** Users whose presence differs from the model; undefined where nobody answered. */
  readonly differences: number | undefined;
  /** How long it took to be exact, or was waited for it. */
  readonly seconds: number;
}

/** What the checks have come to. */
export interface Findings {
  readonly totals: DeliveryTotals;
  readonly presence: PresenceFigures;
  readonly kicks: { readonly dropped: number; readonly lost: number };
  readonly unreadable: number;
  readonly servers: { readonly linked: number; readonly all: number };
  /** undefined while it runs. */
  readonly ending: Ending | undefined;
}

/** Every check, in words. The last two are known at the end alone. */
export function verdictLines(findings: Findings): CheckLine[] {
  const { totals, presence, kicks, ending } = findings;
  const lost = totals.lost + (ending === undefined ? 0 : totals.awaited);
  const lines = [
    line('nothing lost', lost, `${many(totals.delivered)} deliveries, ${many(lost)} lost`),
    line('nothing doubled', totals.doubled, `${many(totals.doubled)} came twice`),
    line('everything in order', totals.outOfOrder, orderText(totals)),
    line(
      'nothing astray',
      totals.unexpected + findings.unreadable,
      `${many(totals.unexpected)} to the wrong place, ${many(findings.unreadable)} unreadable${besidesText(totals)}`,
    ),
    line(
      'presence right',
      presence.wrong,
      `${many(presence.compared)} compared, ${many(presence.wrong)} wrong, ${many(presence.late)} late`,
    ),
    line(
      'everybody told',
      presence.noticesWrong,
      `${many(presence.noticesCompared)} last notices compared, ${many(presence.noticesWrong)} wrong`,
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
      ? 'nobody could be asked'
      : differences === 0
        ? `every user, ${seconds.toFixed(1)} s after the last change`
        : `${many(differences)} users differ ${seconds.toFixed(0)} s after the last change`;
  return [
    line('all linked at the end', missing, `${servers.linked} of ${servers.all} msg_servers`),
    line('presence exact at the end', differences ?? 1, exactness),
  ];
}

function orderText({ outOfOrder, caughtUp }: DeliveryTotals): string {
  const late = `${many(outOfOrder)} came late`;
  return caughtUp === 0
    ? late
    : `${late}, ${many(caughtUp)} caught up with users who had just come`;
}

function besidesText({ besides }: DeliveryTotals): string {
  return besides === 0 ? '' : `, ${many(besides)} besides`;
}

function line(name: string, wrong: number, detail: string): CheckLine {
  return { name, holds: wrong === 0, detail };
}

function many(count: number): string {
  return count.toLocaleString('en-US');
}
