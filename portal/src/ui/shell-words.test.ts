import { expect, test } from 'vitest';
import { shellLine } from './shell-words';

test('words are quoted where a shell would split or read them', () => {
  const words = ['mlgraph', 'show', 'mlg://dataset/s3%3A%2F%2Flake/a', "it's $HOME", '', '`rm`'];
  expect(shellLine(words)).toBe("mlgraph show mlg://dataset/s3%3A%2F%2Flake/a 'it'\\''s $HOME' '' '`rm`'");
});
