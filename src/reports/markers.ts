// Marks pages and pictures as written by rnn, so that it may overwrite them without asking.

export const pageMarker = '<meta name="generator" content="rnn">';
export const pictureMarker = 'class="rnn"';

export const isOurPage = (start: string): boolean => start.startsWith('<!doctype html>') && start.includes(pageMarker);

export const isOurPicture = (start: string): boolean =>
  start.startsWith('<svg ') && start.slice(0, start.indexOf('>')).includes(pictureMarker);
