import { BareLinks } from './bare-links.ts';

/** Measures the cost of relaying alone on Node. Prints the port that it listens on. */
new BareLinks().listen();
