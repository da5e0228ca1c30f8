import { splitName } from './format';

/**
 * A name from a source: text, isolated for direction, shortened in its middle where it is too long for its place.
 * The whole text stays in the page, for find, copy and screen readers.
 */
export function Name({ text }: { text: string }) {
  const { head, tail } = splitName(text);
  return (
    <bdi className="mid" dir="auto" title={tail ? text : undefined}>
      <span>{head}</span>
      {tail && <i>{tail}</i>}
    </bdi>
  );
}
