import type { Picture, SimEvent } from './picture.ts';

/** Shows the simulation while it runs and at its end. */
export interface View {
  /** Interval in ms at which to call {@link View.show}. */
  readonly everyMs: number;
  show(picture: Picture): void;
  event(event: SimEvent): void;
  /** Called when all activity has stopped and the last checks run. */
  settling(): void;
  /** Shows the summary; the last call. */
  finish(picture: Picture): void;
}

/** Writes text for a person or a program. */
export type Write = (text: string) => void;

/** Whether every check passed. */
export function allHold({ checks }: Picture): boolean {
  return checks.every(({ holds }) => holds);
}
