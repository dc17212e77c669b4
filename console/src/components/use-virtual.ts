import { elementScroll, observeElementOffset, observeElementRect, Virtualizer } from '@tanstack/virtual-core';
import type { RefObject } from 'preact';
import { useLayoutEffect, useReducer, useRef } from 'preact/hooks';

/** Which of many rows are to be drawn, so that a list of 100,000 costs as much as one of fifty. */
export function useVirtual(
  count: number,
  rowHeight: number,
  scroller: RefObject<HTMLElement | null>,
): Virtualizer<HTMLElement, Element> {
  const [, redraw] = useReducer((round: number) => round + 1, 0);
  const options = {
    count,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowHeight,
    overscan: 12,
    observeElementRect,
    observeElementOffset,
    scrollToFn: elementScroll,
    onChange: () => redraw(undefined),
  };
  const ref = useRef<Virtualizer<HTMLElement, Element> | undefined>(undefined);
  const virtualizer = (ref.current ??= new Virtualizer(options));
  virtualizer.setOptions(options);
  useLayoutEffect(() => virtualizer._didMount(), []);
  useLayoutEffect(() => virtualizer._willUpdate());
  useLayoutEffect(() => virtualizer.measure(), [rowHeight]);
  return virtualizer;
}
