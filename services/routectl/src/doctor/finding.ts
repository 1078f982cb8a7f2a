/** How bad it is; 'unknown': it could not be looked at. */
const LEVELS = ['ok', 'unknown', 'warning', 'wrong'] as const;
export type Level = (typeof LEVELS)[number];

/** The subject of a check. */
export type Subject =
  | 'nodes'
  | 'versions'
  | 'settings'
  | 'leases'
  | 'clocks'
  | 'bus'
  | 'links'
  | 'redis'
  | 'subscribers'
  | 'ghosts';

/** One finding, with advice. */
export interface Finding {
  readonly level: Level;
  readonly subject: Subject;
  readonly says: string;
  readonly todo?: string;
}

/** Returns the findings, or one that reports success where there are none. */
export function orWell(findings: readonly Finding[], subject: Subject, well: string): Finding[] {
  return findings.length > 0 ? [...findings] : [{ level: 'ok', subject, says: well }];
}
