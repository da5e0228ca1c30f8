import { useCallback, useState } from 'react';
import { SIZES } from './layout';
import type { Picture } from './picture';

const SIDE = 248;
const CHROME = 100;
const LEAST_COLUMN = 120;
/** In a narrower window the list stands below the picture. */
const BESIDE = 1000;

/** Whether the list and the owners are shown: by themselves where names keep 120 px a column, else when asked for. */
export function useListed(picture: Picture): [listed: boolean, toggle: () => void] {
  const [chosen, setChosen] = useState<boolean | null>(null);
  const columns = picture.scene.columns.length;
  const each = (document.body.clientWidth - SIDE - SIZES.team - CHROME - columns * SIZES.gutter) / columns;
  const listed = chosen ?? (picture.large || each > LEAST_COLUMN || window.innerWidth <= BESIDE);
  return [listed, useCallback(() => setChosen(!listed), [listed])];
}
