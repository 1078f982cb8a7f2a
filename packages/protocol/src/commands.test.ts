import { describe, expect, it } from 'vitest';
import {
  COMMAND_COUNT,
  COMMAND_HANDLINGS,
  COMMAND_INDEX_BY_ID,
  COMMAND_NAMES,
  COMMANDS,
  commandName,
  isCommandName,
} from './commands.ts';

describe('the command table', () => {
  it('finds every command by its command id', () => {
    for (const [name, command] of Object.entries(COMMANDS)) {
      const index = COMMAND_INDEX_BY_ID[command.commandId] ?? 0;
      expect(index).toBeGreaterThan(0);
      expect(COMMAND_NAMES[index]).toBe(name);
      expect(COMMAND_HANDLINGS[index]).toBe(command.handling);
      expect(commandName(command.commandId)).toBe(name);
    }
  });

  it('treats every other command id as unknown, to be ignored', () => {
    const known = new Set<number>(Object.values(COMMANDS).map((command) => command.commandId));
    expect(known.size).toBe(COMMAND_COUNT - 1);
    const indexed = [...COMMAND_INDEX_BY_ID.keys()].filter((id) => COMMAND_INDEX_BY_ID[id] !== 0);
    expect(new Set(indexed)).toEqual(known);
    expect(COMMAND_HANDLINGS[0]).toBe('ignore');
    expect(commandName(0x0799)).toBe('unknown');
  });

  it('has one name and one handling an index', () => {
    expect(COMMAND_NAMES).toHaveLength(COMMAND_COUNT);
    expect(COMMAND_HANDLINGS).toHaveLength(COMMAND_COUNT);
    expect(isCommandName('unknown')).toBe(false);
    expect(isCommandName('toString')).toBe(false);
  });

  it('puts each command under the service whose number starts its id', () => {
    for (const command of Object.values(COMMANDS)) {
      expect(command.commandId >>> 8).toBe(command.serviceId);
    }
  });
});
