const HEIGHTS: Readonly<Record<string, number>> = { critical: 12, high: 9, medium: 6, low: 3 };

/** A severity as a bar, whose height repeats its colour, and its word. */
export function Severity({ severity }: { severity: string }) {
  const height = HEIGHTS[severity] ?? 0;
  return (
    <span className="nw">
      <svg className={`sev-bar sev-${severity}`} viewBox="0 0 4 12" aria-hidden="true">
        <rect y={12 - height} width="4" height={height} />
      </svg>{' '}
      {severity}
    </span>
  );
}
