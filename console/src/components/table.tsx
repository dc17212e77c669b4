import type { ComponentChildren } from 'preact';
import { useEffect, useId, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { useKeys } from '../keys.js';
import { Icon } from './icon.js';
import { isNarrow } from './narrow.js';
import { useVirtual } from './use-virtual.js';

export interface Column<Row> {
  readonly name: string;
  readonly title: string;
  readonly cell: (row: Row) => ComponentChildren;
  readonly isNumber?: boolean;
  /** Whether its head sorts. */
  readonly sorts?: boolean;
}

export interface Sorting {
  readonly by: string;
  readonly down: boolean;
}

/** Rows that can be ticked: which are, and what to do when one is. */
export interface Ticks<Row> {
  readonly has: (row: Row) => boolean;
  readonly set: (row: Row, on: boolean) => void;
  readonly all: boolean;
  readonly setAll: (on: boolean) => void;
  readonly why?: string;
}

export interface TableProps<Row> {
  readonly label: string;
  /**
   * Sets, in the page's style sheet, the columns' widths (`--columns`, `--least-width`), and for a narrow window what a card
   * looks like: `grid-template-areas` with the columns' names, and `tick`.
   */
  readonly class: string;
  readonly rows: readonly Row[];
  readonly keyOf: (row: Row) => string;
  readonly nameOf?: (row: Row) => string;
  readonly columns: readonly Column<Row>[];
  readonly onOpen?: (row: Row) => void;
  readonly isOpen?: (row: Row) => boolean;
  readonly ticks?: Ticks<Row> | undefined;
  readonly sorting?: Sorting | undefined;
  readonly onSort?: (by: string) => void;
  readonly markOf?: (row: Row) => 'came' | 'gone' | undefined;
  /** Rows, where the table knows of more than it holds. */
  readonly total?: number | undefined;
  /** Heights in pixels: of a row, as the style sheet has it, and of a card in a narrow window. */
  readonly rowHeight?: number;
  readonly cardHeight?: number;
  /** Begins at the first row, where nothing else has the focus: `Enter` opens it. */
  readonly takesFocus?: boolean;
}

const ROW = 36;
const CARD = 84;

/** A table that stays smooth with 100,000 rows, with keys (`j`, `k`, `x`, `Enter`) and cards in a narrow window. */
export function Table<Row>(props: TableProps<Row>) {
  const { rows, keyOf, columns, onOpen, ticks } = props;
  const scroller = useRef<HTMLDivElement>(null);
  const id = useId();
  const [active, setActive] = useState(props.takesFocus === true ? 0 : -1);
  const rowHeight = isNarrow.value ? (props.cardHeight ?? CARD) : (props.rowHeight ?? ROW);
  const virtual = useVirtual(rows.length, rowHeight, scroller);
  useLayoutEffect(() => {
    if (isNarrow.value) scroller.current?.style.setProperty('--card', `${rowHeight}px`);
  }, [rowHeight]);
  useEffect(() => {
    if (props.takesFocus === true && document.activeElement === document.body)
      scroller.current?.focus({ preventScroll: true });
  }, []);
  const items = virtual.getVirtualItems();
  const at = Math.min(active, rows.length - 1);
  const activeRow = rows[at];

  const move = (to: number) => {
    if (rows.length === 0) return;
    const next = Math.max(0, Math.min(rows.length - 1, to));
    setActive(next);
    scroller.current?.focus({ preventScroll: true });
    virtual.scrollToIndex(next, { align: 'auto' });
  };
  useKeys({
    j: () => move(at + 1),
    k: () => move(at - 1),
    ArrowDown: () => move(at + 1),
    ArrowUp: () => move(at - 1),
    PageDown: () => move(at + 15),
    PageUp: () => move(at - 15),
    Home: () => move(0),
    End: () => move(rows.length - 1),
    x: () => activeRow !== undefined && ticks?.set(activeRow, !ticks.has(activeRow)),
    Enter: () => activeRow !== undefined && onOpen?.(activeRow),
  });

  return (
    <div class={`table ${props.class}`}>
      <div
        ref={scroller}
        class="table-scroll"
        role="grid"
        tabIndex={0}
        aria-label={props.label}
        aria-rowcount={(props.total ?? rows.length) + 1}
        aria-multiselectable={ticks === undefined ? undefined : true}
        aria-activedescendant={items.some(({ index }) => index === at) ? `${id}-${at}` : undefined}
      >
        <Head {...props} />
        <Window size={virtual.getTotalSize()} start={items[0]?.start ?? 0}>
          {items.map(({ index }) => {
            const row = rows[index];
            if (row === undefined) return null;
            const isTicked = ticks?.has(row) ?? false;
            return (
              <div
                key={keyOf(row)}
                id={`${id}-${index}`}
                role="row"
                class="table-row"
                aria-rowindex={index + 2}
                aria-selected={ticks === undefined ? props.isOpen?.(row) : isTicked}
                data-active={index === at || undefined}
                data-open={props.isOpen?.(row) === true || undefined}
                data-opens={onOpen !== undefined || undefined}
                data-mark={props.markOf?.(row)}
                onClick={(event) => {
                  if (isControl(event.target)) return;
                  setActive(index);
                  onOpen?.(row);
                }}
              >
                {ticks !== undefined && (
                  <div role="gridcell" class="table-tick" style={cardArea('tick')}>
                    <input
                      type="checkbox"
                      tabIndex={-1}
                      aria-label={`Choose ${(props.nameOf ?? keyOf)(row)}`}
                      checked={isTicked}
                      onChange={({ currentTarget }) => ticks.set(row, currentTarget.checked)}
                    />
                  </div>
                )}
                {columns.map(({ name, cell, isNumber }) => (
                  <div
                    key={name}
                    role="gridcell"
                    class={isNumber ? `column-${name} number` : `column-${name}`}
                    style={cardArea(name)}
                  >
                    {cell(row)}
                  </div>
                ))}
              </div>
            );
          })}
        </Window>
      </div>
    </div>
  );
}

/** The place of a cell in a card, by its name. Preact sets it through the CSSOM: the CSP forbids inline styles. */
const cardArea = (name: string) => (isNarrow.value ? { gridArea: name } : undefined);

/** Clicks on these are their own, and open no row. */
function isControl(target: EventTarget | null): boolean {
  return target instanceof Element && target.closest('a, button, input, label, select') !== null;
}

/** As high as all rows; the drawn ones stand where they belong. Set through the CSSOM: the CSP forbids inline styles. */
function Window({ size, start, children }: { size: number; start: number; children: ComponentChildren }) {
  const outer = useRef<HTMLDivElement>(null);
  const inner = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    outer.current?.style.setProperty('height', `${size}px`);
    inner.current?.style.setProperty('transform', `translateY(${start}px)`);
  }, [size, start]);
  return (
    <div ref={outer} class="table-body" role="rowgroup">
      <div ref={inner} role="presentation">
        {children}
      </div>
    </div>
  );
}

function Head<Row>({ columns, ticks, sorting, onSort }: TableProps<Row>) {
  return (
    <div role="rowgroup" class="table-head">
      <div role="row" class="table-row" aria-rowindex={1}>
        {ticks !== undefined && (
          <div role="columnheader" class="table-tick">
            <AllTick ticks={ticks} />
          </div>
        )}
        {columns.map(({ name, title, isNumber, sorts }) => {
          const isSorted = sorting?.by === name;
          return (
            <div
              key={name}
              role="columnheader"
              class={isNumber ? `column-${name} number` : `column-${name}`}
              aria-sort={isSorted ? (sorting.down ? 'descending' : 'ascending') : undefined}
            >
              {sorts && onSort !== undefined ? (
                <button type="button" onClick={() => onSort(name)}>
                  {title}
                  {isSorted && <Icon name={sorting.down ? 'down' : 'up'} />}
                </button>
              ) : (
                title
              )}
            </div>
          );
        })}
      </div>
    </div>
  );
}

function AllTick<Row>({ ticks }: { ticks: Ticks<Row> }) {
  return (
    <input
      type="checkbox"
      aria-label="Choose all that are listed"
      checked={ticks.all}
      onChange={({ currentTarget }) => ticks.setAll(currentTarget.checked)}
    />
  );
}
