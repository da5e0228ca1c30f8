import type { ReactNode } from 'react';

/** Outlines in a square of 16; the words beside them carry the meaning. */
const OUTLINES = {
  dataset: (
    <>
      <ellipse cx="8" cy="4" rx="5" ry="2" />
      <path d="M3 4v8c0 1.1 2.2 2 5 2s5-.9 5-2V4M3 8c0 1.1 2.2 2 5 2s5-.9 5-2" />
    </>
  ),
  workflow: (
    <>
      <rect x="1.5" y="2" width="5.5" height="4.5" rx="1" />
      <rect x="9" y="9.5" width="5.5" height="4.5" rx="1" />
      <path d="M4.2 6.5v5.3H9" />
    </>
  ),
  model: <path d="M8 2l6 3-6 3-6-3zM2 8l6 3 6-3M2 11l6 3 6-3" />,
  model_version: <path d="M8 1.8l5.2 3v6.4L8 14.2l-5.2-3V4.8zM2.8 4.8L8 7.9l5.2-3.1M8 7.9v6.3" />,
  deployment: <path d="M8 10V2M5 4.8L8 2l3 2.8M3 9v5h10V9" />,
  service: (
    <>
      <circle cx="8" cy="8" r="6" />
      <circle cx="8" cy="8" r="2" />
    </>
  ),
  evaluation: <path d="M2 12.5a6 6 0 1 1 12 0M8 12.5l3-4.5" />,
  experiment: <path d="M6 2h4M7 2v4l-4 7.5h10L9 6V2M5 10h6" />,
  feature_view: (
    <>
      <rect x="2.5" y="2.5" width="11" height="11" rx="1" />
      <path d="M2.5 6.5h11M6.5 2.5v11" />
    </>
  ),
  column: (
    <>
      <rect x="2.5" y="2.5" width="11" height="11" rx="1" />
      <path d="M8 2.5v11" />
    </>
  ),
  run: <path d="M4.5 3l8 5-8 5z" />,
  alert: <path d="M8 2.2L14.5 13.5h-13zM8 6.5v3.2M8 11.7v.3" />,
  policy: <path d="M8 1.8l5 2v4c0 3.4-2.2 5.4-5 6.4-2.8-1-5-3-5-6.4v-4z" />,
  rollout: <path d="M2 13h3v-3h3V7h3V4h3" />,
  team: (
    <>
      <circle cx="5.5" cy="5.5" r="2.3" />
      <circle cx="11" cy="6.5" r="1.8" />
      <path d="M1.5 13c.3-2.6 1.8-4 4-4s3.7 1.4 4 4M10.5 9.8c2 0 3.4 1 3.9 3.2" />
    </>
  ),
  person: (
    <>
      <circle cx="8" cy="5.5" r="2.7" />
      <path d="M2.8 14c.4-3 2.4-4.6 5.2-4.6s4.8 1.6 5.2 4.6" />
    </>
  ),
  commit: (
    <>
      <circle cx="8" cy="8" r="2.6" />
      <path d="M1.5 8h3.9M10.6 8h3.9" />
    </>
  ),
  mixed: (
    <>
      <rect x="2" y="2" width="5" height="5" rx="1" />
      <rect x="9" y="2" width="5" height="5" rx="1" />
      <rect x="2" y="9" width="5" height="5" rx="1" />
      <rect x="9" y="9" width="5" height="5" rx="1" />
    </>
  ),
  find: (
    <>
      <circle cx="7" cy="7" r="4.5" />
      <path d="M10.3 10.3L14 14" />
    </>
  ),
  plan: <path d="M3 2.5h10v11H3zM5.5 6h5M5.5 8.5h5M5.5 11h3" />,
  live: <path d="M1.5 8.5h3l2-5 3 9 2-4h3" />,
  changes: (
    <>
      <path d="M8 4v4l3 2" />
      <circle cx="8" cy="8" r="6" />
    </>
  ),
  sources: (
    <>
      <path d="M2 4h5l2 4h5M2 12h5l2-4" />
      <circle cx="2.2" cy="4" r=".8" />
      <circle cx="2.2" cy="12" r=".8" />
    </>
  ),
  pin: <path d="M5.5 2h5M6.5 2v4.5L4 9.5h8L9.5 6.5V2M8 9.5V14" />,
} satisfies Record<string, ReactNode>;

export type IconName = keyof typeof OUTLINES;

/** Kinds without an outline of their own share the one of their nearest relative. */
const RELATIVES: Readonly<Record<string, IconName>> = {
  dataset_version: 'dataset',
  feature: 'column',
  feature_service: 'feature_view',
  agent: 'service',
  tool: 'service',
  index: 'dataset',
  metric: 'evaluation',
  variant: 'experiment',
  approval: 'policy',
};

export function Icon({ name }: { name: IconName }) {
  return (
    <svg className="k" viewBox="0 0 16 16" aria-hidden="true">
      {OUTLINES[name]}
    </svg>
  );
}

/** The outline of an asset's kind. */
export function KindIcon({ kind }: { kind: string }) {
  return <Icon name={kind in OUTLINES ? (kind as IconName) : (RELATIVES[kind] ?? 'mixed')} />;
}
