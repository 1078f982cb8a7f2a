import { BareLinks } from './bare-links.ts';

/** What relaying alone costs on Node. Prints the port that it listens on. */
new BareLinks().listen();
