import { stripVTControlCharacters } from 'node:util';

/** Control characters, and those that change the direction of the text around them. */
const CONTROLS = /[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu;

/**
 * Removes terminal control characters from a line of text: answers of nodes and peers are not
 * trusted.
 */
export function visible(text: string): string {
  return stripVTControlCharacters(text).replace(CONTROLS, '?');
}

/** Like {@link visible}, for text of several lines: line feeds stay. */
export function visibleLines(text: string): string {
  return text.split('\n').map(visible).join('\n');
}
