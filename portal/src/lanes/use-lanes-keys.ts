import { type RefObject, useCallback, useRef } from 'react';
import { useKey } from '@/app/keys';
import type { Move } from './navigation';

/** What keys do in a picture. A key whose action is missing is not bound. */
export interface KeyActions {
  readonly move: (move: Move) => void;
  readonly close: () => void;
  readonly change: (() => void) | undefined;
  readonly step: (by: 1 | -1) => void;
  readonly only: () => void;
  readonly proof: (() => void) | undefined;
  readonly list: () => void;
  readonly find: () => void;
  readonly openPage: (() => void) | undefined;
  readonly makeRoot: (() => void) | undefined;
}

/** Binds the keys of a picture. Arrows, Home and Backspace work while a mark has the focus. */
export function useLanesKeys(actions: KeyActions, inGrid: boolean): void {
  const latest = useRef(actions);
  latest.current = actions;
  useAction(latest, 'ArrowLeft', 'against the links', LEFT, inGrid);
  useAction(latest, 'ArrowRight', 'along the links, nearest row first', RIGHT, inGrid);
  useAction(latest, 'ArrowUp', 'up in the column', UP, inGrid);
  useAction(latest, 'ArrowDown', 'down in the column', DOWN, inGrid);
  useAction(latest, 'Home', 'to the start', HOME, inGrid);
  useAction(latest, 'Backspace', 'close the nearest open fold', CLOSE, inGrid);
  useAction(latest, 'c', 'what changes', CHANGE, actions.change !== undefined);
  useAction(latest, '[', 'earlier moment', EARLIER);
  useAction(latest, ']', 'later moment', LATER);
  useAction(latest, 'x', 'only this path', ONLY);
  useAction(latest, 'p', 'proof of the path', PROOF, actions.proof !== undefined);
  useAction(latest, 'l', 'list and owners', LIST);
  useAction(latest, 'f', 'find in this picture', FIND);
  useAction(latest, 'o', 'open the page of the asset', OPEN, actions.openPage !== undefined);
  useAction(latest, 'r', 'make the asset the root', MAKE_ROOT, actions.makeRoot !== undefined);
}

type Act = (now: KeyActions) => void;

const LEFT: Act = (now) => now.move('left');
const RIGHT: Act = (now) => now.move('right');
const UP: Act = (now) => now.move('up');
const DOWN: Act = (now) => now.move('down');
const HOME: Act = (now) => now.move('home');
const CLOSE: Act = (now) => now.close();
const CHANGE: Act = (now) => now.change?.();
const EARLIER: Act = (now) => now.step(-1);
const LATER: Act = (now) => now.step(1);
const ONLY: Act = (now) => now.only();
const PROOF: Act = (now) => now.proof?.();
const LIST: Act = (now) => now.list();
const FIND: Act = (now) => now.find();
const OPEN: Act = (now) => now.openPage?.();
const MAKE_ROOT: Act = (now) => now.makeRoot?.();

/** A binding that stays the same while what it does changes with the picture. */
function useAction(latest: RefObject<KeyActions>, key: string, does: string, act: Act, enabled = true): void {
  const run = useCallback(() => act(latest.current), [act, latest]);
  useKey(key, does, run, enabled);
}
