import { useWatermark } from '@/api/watermark';
import { formatCount, formatDuration } from '@/ui/format';

/** Whether answers are current: a dot and words in the top bar. */
export function WatermarkDot() {
  const { state, watermark, lag_s, reason } = useWatermark();
  const words = {
    unknown: 'Connecting',
    current: 'Caught up',
    behind: reason ? 'Not ready' : `${formatDuration(lag_s)} behind`,
    lost: 'No answer',
  }[state];
  const title =
    watermark === null ? 'The server has not answered yet' : `Answers include every write up to ${formatCount(watermark)}`;
  return (
    <span className={`mark-dot is-${state}`} title={title}>
      <svg viewBox="0 0 8 8" aria-hidden="true">
        <circle cx="4" cy="4" r="3" />
      </svg>
      <span>{words}</span>
    </span>
  );
}
