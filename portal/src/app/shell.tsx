import { getRouteApi, Outlet } from '@tanstack/react-router';
import { useEffect } from 'react';
import { loadSession } from '@/api/session-calls';
import { followWatermark } from '@/api/stream';
import { KeyHelp } from './key-help';
import { listenToKeys } from './keys';
import { PageLink } from './page-link';
import { PaletteKey } from './palette-key';
import { momentOf } from './params';
import { usePermalinkKey } from './permalink';
import { Rail } from './rail';
import { SearchBox } from './search-box';
import { SignInDialog } from './sign-in';
import { TimePill } from './time-pill';
import { WatermarkDot } from './watermark-dot';
import { YouButton } from './you-button';

const root = getRouteApi('__root__');

/** The frame around every page. */
export function Shell() {
  const { as_of } = root.useSearch();
  useEffect(listenToKeys, []);
  useEffect(followWatermark, []);
  useEffect(() => void loadSession(), []);
  usePermalinkKey();
  return (
    <div className={as_of && momentOf(as_of) ? 'frame is-past' : 'frame'}>
      <a className="skip" href="#main">
        Skip to content
      </a>
      <header className="top">
        <PageLink page="/" className="logo">
          <svg viewBox="0 0 20 20" aria-hidden="true">
            <path d="M2 5h5v3h6M2 15h5v-3h6M13 8h5M13 12h5" />
          </svg>
          <b>mlgraph</b>
        </PageLink>
        <SearchBox />
        <div className="top-r">
          <TimePill />
          <WatermarkDot />
          <YouButton />
        </div>
      </header>
      <Rail />
      <Outlet />
      <KeyHelp />
      <PaletteKey />
      <SignInDialog />
    </div>
  );
}
