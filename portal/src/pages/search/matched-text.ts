export interface Piece {
  readonly text: string;
  readonly matched: boolean;
}

const escaped = (word: string): string => word.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

/** A text in pieces: those that begin a word and are one of `words`, in any case, and the rest. */
export function matchedPieces(text: string, words: readonly string[]): Piece[] {
  const longestFirst = [...new Set(words)].filter((word) => word.length > 1).sort((a, b) => b.length - a.length);
  if (longestFirst.length === 0) return text ? [{ text, matched: false }] : [];
  const pattern = new RegExp(`(?<![\\p{L}\\p{N}])(${longestFirst.map(escaped).join('|')})`, 'giu');
  const pieces: Piece[] = [];
  let end = 0;
  for (const { 0: found, index } of text.matchAll(pattern)) {
    if (index > end) pieces.push({ text: text.slice(end, index), matched: false });
    pieces.push({ text: found, matched: true });
    end = index + found.length;
  }
  if (end < text.length) pieces.push({ text: text.slice(end), matched: false });
  return pieces;
}
