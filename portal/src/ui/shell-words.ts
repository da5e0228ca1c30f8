/** A word of a POSIX shell, quoted where it has to be. */
export const shellWord = (word: string): string => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`);

/** A command as one line for a shell. */
export const shellLine = (words: readonly string[]): string => words.map(shellWord).join(' ');
