import type { Command } from 'commander';

export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

interface Word {
  readonly word: string;
  readonly meaning: string;
}

interface Completion {
  readonly name: string;
  readonly commands: readonly (Word & { readonly options: readonly Word[] })[];
  /** Of all commands. */
  readonly options: readonly Word[];
}

/** A script that completes a program's commands and options. */
export function completionScript(shell: Shell, program: Command): string {
  const completion: Completion = {
    name: program.name(),
    options: optionsOf(program),
    commands: program.commands.map((command) => ({
      word: command.name(),
      meaning: command.description(),
      options: optionsOf(command),
    })),
  };
  switch (shell) {
    case 'bash':
      return bash(completion);
    case 'zsh':
      return zsh(completion);
    case 'fish':
      return fish(completion);
  }
}

function optionsOf(command: Command): Word[] {
  const own = command.options.map(({ long, description }) => ({
    word: long ?? '',
    meaning: description,
  }));
  return [...own, { word: '--help', meaning: 'show help' }].filter(({ word }) => word !== '');
}

function words(list: readonly Word[]): string {
  return list.map(({ word }) => word).join(' ');
}

function bash({ name, commands, options }: Completion): string {
  const cases = commands.map(({ word, options: own }) => `    ${word}) words="${words(own)}" ;;`);
  return `_${name}() {
  local current="\${COMP_WORDS[COMP_CWORD]}" command="" words="" word
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case " ${words(commands)} " in
      *" $word "*) command="$word"; break ;;
    esac
  done
  case "$command" in
${cases.join('\n')}
    *) words="${words(commands)}" ;;
  esac
  if [[ "$current" == -* || -z "$command" ]]; then
    COMPREPLY=($(compgen -W "$words ${words(options)}" -- "$current"))
  else
    COMPREPLY=($(compgen -f -- "$current"))
  fi
}
complete -F _${name} ${name}
`;
}

function zsh({ name, commands, options }: Completion): string {
  const described = (list: readonly Word[]): string =>
    list.map(({ word, meaning }) => quoted(`${word}:${meaning}`)).join(' ');
  const cases = commands.map(
    ({ word, options: own }) => `    ${word}) list=(${described(own)} $options) ;;`,
  );
  return `#compdef ${name}
_${name}() {
  local -a commands options list
  commands=(${described(commands)})
  options=(${described(options)})
  local word command=""
  for word in $words[2,CURRENT-1]; do
    if (( \${commands[(I)$word:*]} )); then command=$word; break; fi
  done
  case $command in
${cases.join('\n')}
    *) list=($commands $options) ;;
  esac
  _describe ${name} list || _files
}
compdef _${name} ${name}
`;
}

function fish({ name, commands, options }: Completion): string {
  const lines = commands.flatMap(({ word, meaning, options: own }) => [
    `complete -c ${name} -f -n __fish_use_subcommand -a ${word} -d ${quoted(meaning)}`,
    ...own.map((option) =>
      fishOption(name, option, ` -n ${quoted(`__fish_seen_subcommand_from ${word}`)}`),
    ),
  ]);
  return `${[...options.map((option) => fishOption(name, option, '')), ...lines].join('\n')}\n`;
}

function fishOption(name: string, { word, meaning }: Word, condition: string): string {
  return `complete -c ${name}${condition} -l ${word.replace(/^--/, '')} -d ${quoted(meaning)}`;
}

/** Quotes for a shell, for any content. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
