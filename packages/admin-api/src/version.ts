/** Raised when a client of the version before could misread an answer. Fields that are added raise nothing. */
export const API_VERSION = 1;

/** The header of every answer that has {@link API_VERSION}. */
export const API_VERSION_HEADER = 'route-api-version';
