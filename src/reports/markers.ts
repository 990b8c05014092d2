// Marks of the pages and pictures that rnn wrote. rnn overwrites a file with such a mark, and
// refuses to overwrite other files without --force.

export const pageMarker = '<meta name="generator" content="rnn">';
export const pictureMarker = 'class="rnn"';

export const isOurPage = (start: string): boolean => start.startsWith('<!doctype html>') && start.includes(pageMarker);

export const isOurPicture = (start: string): boolean =>
  start.startsWith('<svg ') && start.slice(0, start.indexOf('>')).includes(pictureMarker);
