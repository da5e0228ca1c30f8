import { formatAgo, formatExactTime, formatTime } from './format';

/** A time of the API in the reader's zone; the exact one on hover and focus. `ago`: relative under a day, for lists. */
export function Time({ at, ago = false }: { at: string; ago?: boolean }) {
  const date = new Date(at);
  if (Number.isNaN(date.getTime())) return <span>{at}</span>;
  const exact = formatExactTime(date);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: the exact time has to be reachable by keyboard
    <time className="when" dateTime={at} title={exact} data-exact={exact} tabIndex={0}>
      {ago ? formatAgo(date) : formatTime(date)}
    </time>
  );
}
