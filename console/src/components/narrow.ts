import { signal } from '@preact/signals';

const query = window.matchMedia('(max-width: 720px)');

/** Whether the window is so narrow that tables become cards. */
export const isNarrow = signal(query.matches);
query.addEventListener('change', () => {
  isNarrow.value = query.matches;
});
