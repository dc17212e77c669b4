import { computed, signal } from '@preact/signals';
import { BASE } from './settings.js';
import { hrefOf, parseAddress, type Address } from './address.js';

/** Where the page is, as the address bar says. Everything that can be shared is in here. */
export const address = signal<Address>(parseAddress(window.location.href));

/** The project that is looked at, if the address names one. */
export const project = computed(() => address.value.project);

/** Goes to an address of the console; `replace` leaves no step in the history (typing into a filter). */
export function navigate(target: Partial<Address>, { replace = false } = {}): void {
  const next: Address = {
    project: target.project ?? address.value.project,
    page: target.page ?? address.value.page,
    query: target.query ?? new URLSearchParams(),
  };
  history[replace ? 'replaceState' : 'pushState'](null, '', hrefOf(next));
  address.value = next;
}

/** Goes to a path of the console that was remembered, without a step in the history. */
export function goTo(path: string): void {
  const url = new URL(path, window.location.href);
  if (url.origin !== window.location.origin || !url.pathname.startsWith(BASE)) return;
  address.value = parseAddress(url.href);
  history.replaceState(null, '', hrefOf(address.value));
}

/** Changes some of the query and leaves the rest; `null` takes a key out. */
export function changeQuery(
  changes: Readonly<Record<string, string | null>>,
  options?: { replace?: boolean },
): void {
  const query = new URLSearchParams(address.value.query);
  for (const [key, value] of Object.entries(changes)) {
    if (value === null || value === '') query.delete(key);
    else query.set(key, value);
  }
  navigate({ query }, options);
}

/** One value of the query. */
export function queryOf(key: string): string | undefined {
  return address.value.query.get(key) ?? undefined;
}

window.addEventListener('popstate', () => {
  address.value = parseAddress(window.location.href);
});

// Plain links inside the console change the address without loading the page anew.
document.addEventListener('click', (event) => {
  if (event.defaultPrevented || event.button !== 0) return;
  if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  const link = event.target instanceof Element ? event.target.closest('a') : null;
  if (link?.target !== '' || link.hasAttribute('download')) return;
  if (link.origin !== window.location.origin || !link.pathname.startsWith(BASE)) return;
  event.preventDefault();
  const next = parseAddress(link.href);
  history.pushState(null, '', hrefOf(next));
  address.value = next;
});
