/** How bad it is; 'unknown': it could not be looked at. */
export const LEVELS = ['ok', 'unknown', 'warning', 'wrong'] as const;
export type Level = (typeof LEVELS)[number];

/** What was looked at. */
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

/** One thing that was found, and what to do about it. */
export interface Finding {
  readonly level: Level;
  readonly subject: Subject;
  readonly says: string;
  readonly todo?: string;
}

/** The findings, or one that says that all is well where there are none. */
export function orWell(findings: readonly Finding[], subject: Subject, well: string): Finding[] {
  return findings.length > 0 ? [...findings] : [{ level: 'ok', subject, says: well }];
}
