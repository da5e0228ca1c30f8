import type { ReactNode } from 'react';
import { Shape, type ShapeName } from './effect';

interface BandProps {
  readonly tone?: 'warn' | 'bad' | 'past' | 'acc';
  readonly shape?: ShapeName;
  /** What is the case, in a few words. */
  readonly head: string;
  readonly children?: ReactNode;
  /** A button at the end. */
  readonly action?: ReactNode;
}

/** A line under the head of a page that says something about all of it. */
export function Band({ tone, shape, head, children, action }: BandProps) {
  return (
    <div className={tone ? `band ${tone}` : 'band'} role="status">
      {shape && <Shape name={shape} />}
      <span className="b">{head}</span>
      {children && <span className="band-t">{children}</span>}
      {action}
    </div>
  );
}
