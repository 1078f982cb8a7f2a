export { BUILD_COMMAND, type ConsoleFile, readConsole } from './console-files.ts';
