/** Drawn in a field of 16, as lines. */
const PATHS = {
  check: 'M3.5 8.5l3 3 6-7',
  close: 'M4 4l8 8M12 4l-8 8',
  copy: 'M5.5 5.5v-2h7v7h-2M3.5 5.5h7v7h-7z',
  down: 'M4 6.5l4 4 4-4',
  up: 'M4 9.5l4-4 4 4',
  menu: 'M2.5 4.5h11M2.5 8h11M2.5 11.5h11',
  person: 'M8 8.2a2.6 2.6 0 100-5.2 2.6 2.6 0 000 5.2zM3 13.2c.6-2.4 2.5-3.5 5-3.5s4.400 1.100 5 3.500',
  search: 'M7 11.500a4.500 4.500 0 100-9 4.500 4.500 0 000 9zM10.500 10.500l3.200 3.200',
  brokers: 'M2.500 3.500h11v3.500h-11zM2.500 9h11v3.500h-11zM5 5.250h.01M5 10.750h.01',
  clients: 'M3 4.500h7v7h-7zM10 6.500h3v3h-3M1 6.500h2M1 9.500h2',
  bans: 'M8 13.500a5.500 5.500 0 100-11 5.500 5.500 0 000 11zM4.200 4.200l7.600 7.600',
  standing: 'M4 2.500h8v11l-4-2.800-4 2.800z',
  audit: 'M4 2.500h8v11h-8zM6 5.500h4M6 8h4M6 10.500h2.500',
  events: 'M1.500 8h3l2-4.500 3 9 2-4.500h3',
  plus: 'M8 3v10M3 8h10',
  again: 'M12.500 8a4.500 4.500 0 11-1.400-3.250M11.500 2v3h-3',
} as const;

export type IconName = keyof typeof PATHS;

/** A drawing beside a word; it says nothing by itself. */
export function Icon({ name }: { name: IconName }) {
  return (
    <svg class="drawing" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true" focusable="false">
      <path d={PATHS[name]} />
    </svg>
  );
}
