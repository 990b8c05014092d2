// Numbers in messages.

export const count = (value: number): string => value.toLocaleString('en');

/** "1 file was" or "2,000 files were". */
export const countOf = (number: number, one: string, many: string): string =>
  `${count(number)} ${number === 1 ? one : many}`;
