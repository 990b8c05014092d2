// How a page or a picture shows that rnn wrote it, so that it may be replaced unasked. Knows
// nothing else of either.

export const pageMarker = '<meta name="generator" content="rnn">';
export const pictureMarker = 'class="rnn"';

export const isOurPage = (start: string): boolean => start.startsWith('<!doctype html>') && start.includes(pageMarker);

export const isOurPicture = (start: string): boolean =>
  start.startsWith('<svg ') && start.slice(0, start.indexOf('>')).includes(pictureMarker);
