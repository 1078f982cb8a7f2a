import type { Picture, SimEvent } from './picture.ts';

/** Where the simulation is shown, while it runs and at its end. */
export interface View {
  /** About how often {@link View.show} is to be called. */
  readonly everyMs: number;
  show(picture: Picture): void;
  event(event: SimEvent): void;
  /** Everybody rests; the last checks run. */
  settling(): void;
  /** The summary. Nothing is shown after it. */
  finish(picture: Picture): void;
}

/** Takes text for a person or a program. */
export type Write = (text: string) => void;

/** Whether every check held. */
export function allHold({ checks }: Picture): boolean {
  return checks.every(({ holds }) => holds);
}
