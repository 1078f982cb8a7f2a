import type { ComponentChildren } from 'preact';

interface ScrollerProps {
  readonly label: string;
  readonly children: ComponentChildren;
}

/** An area that scrolls. It can have the focus, so that the keyboard scrolls it too. */
export function Scroller({ label, children }: ScrollerProps) {
  return (
    <section class="scroller" aria-label={`${label}, scrolls`} tabIndex={0}>
      {children}
    </section>
  );
}
