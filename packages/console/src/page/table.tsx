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

/** The title of a column of text, or of one of numbers, which stand at the right. */
type Title = string | { readonly number: string };

/** The titles of a table's columns. */
export function TableHead({ titles }: { readonly titles: readonly Title[] }) {
  return (
    <thead>
      <tr>
        {titles.map((title) =>
          typeof title === 'string' ? (
            <th key={title} scope="col">
              {title}
            </th>
          ) : (
            <th key={title.number} scope="col" class="number">
              {title.number}
            </th>
          ),
        )}
      </tr>
    </thead>
  );
}
