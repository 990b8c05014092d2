// Numbers in messages.

const grouped = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });

/** 1,115,394 */
export const count = (value: number): string => grouped.format(value);

/** "1 file was" or "2,000 files were". */
export const countOf = (number: number, one: string, many: string): string =>
  `${count(number)} ${number === 1 ? one : many}`;
